/**
 * `GET /metrics` over HTTP, for a Prometheus that scrapes this daemon. It answers nothing else.
 *
 * No TLS and no login: listen on loopback or on an address that only the monitoring reaches.
 *
 * @module
 */
import { EXPOSITION_TYPE } from './exposition.ts';

export interface MetricsServer {
  /** 0: it does not listen yet. */
  readonly port: number;
  close(): void;
}

export interface MetricsServing {
  /** Canonical `ip:port`; port 0: the system chooses (tests). */
  readonly listen: string;
  /** The text to answer with; asked once at a time, however many scrape. */
  readonly collect: () => Promise<string>;
}

/** So often an address that cannot be listened on is tried again: it may come with DHCP, or with the tunnel (chosen). */
const AGAIN_MS = 10_000;
/** A scrape has no body and short headers: who takes longer is cut (chosen). */
const IDLE_S = 10;

export type MetricsServed =
  | { readonly ok: true; readonly value: MetricsServer }
  /** In words for a person: the address cannot be listened on. */
  | { readonly ok: false; readonly message: string };

export function serveMetrics({ listen, collect }: MetricsServing): MetricsServed {
  const at = listen.lastIndexOf(':');
  const text = oneAtATime(collect);
  try {
    const server = Bun.serve({
      hostname: listen.slice(0, at).replace(/^\[|\]$/g, ''),
      port: Number(listen.slice(at + 1)),
      idleTimeout: IDLE_S,
      maxRequestBodySize: 0,
      development: false,
      // Said, because without `development` two daemons could listen on one port, each with half of the scrapes.
      reusePort: false,
      fetch: (request) => answerTo(request, text),
    });
    return { ok: true, value: { port: server.port ?? 0, close: () => void server.stop(true) } };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `metrics.listen: ${listen} cannot be listened on: ${why}` };
  }
}

/**
 * Serve as soon as the address can be listened on. No session waits for it, or ends because nobody can look.
 *
 * @param say a sentence for a person, for each reason once.
 */
export function serveMetricsWhenPossible(
  serving: MetricsServing,
  say: (message: string) => void,
  againMs = AGAIN_MS,
): MetricsServer {
  let server: MetricsServer | null = null;
  let said = '';
  const attempt = () => {
    const served = serveMetrics(serving);
    if (served.ok) {
      server = served.value;
      clearInterval(again);
      return;
    }
    if (served.message === said) return;
    said = served.message;
    say(`${said}; sessions go on without, and it is tried again every ${AGAIN_MS / 1_000} s`);
  };
  const again = setInterval(attempt, againMs);
  attempt();
  return {
    get port() {
      return server?.port ?? 0;
    },
    close() {
      clearInterval(again);
      server?.close();
    },
  };
}

/** Who asks while an answer is made gets that one. */
function oneAtATime(collect: () => Promise<string>): () => Promise<string> {
  let collecting: Promise<string> | null = null;
  return () => {
    collecting ??= collect().finally(() => {
      collecting = null;
    });
    return collecting;
  };
}

async function answerTo({ method, url }: Request, text: () => Promise<string>): Promise<Response> {
  if (new URL(url).pathname !== '/metrics') return answer(404, 'Metrics are at /metrics.\n');
  if (method !== 'GET') return answer(405, 'Only GET is answered.\n', { allow: 'GET' });
  try {
    return answer(200, await text(), { 'content-type': EXPOSITION_TYPE });
  } catch (error) {
    return answer(503, `${error instanceof Error ? error.message : error}\n`);
  }
}

function answer(status: number, body: string, headers: Record<string, string> = {}): Response {
  const type = { 'content-type': 'text/plain; charset=utf-8' };
  return new Response(body, { status, headers: { ...type, ...headers } });
}
