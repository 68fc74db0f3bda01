/**
 * The dashboard, its API and `/metrics` over HTTP. Read only: nothing that is asked changes a device.
 *
 * ```text
 * /api/overview  /api/series  /api/devices  /api/device/NAME  /api/device/NAME/timeline  /api/live
 * /metrics       /login       /             /device/NAME      /assets/…
 * ```
 *
 * What each says: docs/fleet.md. Pages and assets are handed in.
 *
 * @module
 */
import { EXPOSITION_TYPE } from '../hal/exposition.ts';
import { parseEndpoint } from '../policies/address.ts';
import { answer, answerElsewhere, answerError, answerPage, FOREVER, type Page } from './answer.ts';
import type { Api } from './api.ts';
import { type Live, WATCHER_NAME } from './live.ts';
import { isHttps, type Login, type Verdict } from './login.ts';

/** Path → what is there: `/`, `/device` for each device, `/login`, `/login/refused`, `/assets/…`. */
export type Pages = ReadonlyMap<string, Page>;

export interface ServerParts {
  /** `ip:port`; port 0: the system chooses (tests). */
  readonly listen: string;
  readonly login: Login;
  readonly pages: Pages;
  readonly api: Api;
  readonly live: Live;
  readonly metrics: () => string;
  /** An answer that could not be made. */
  readonly onError: (why: string) => void;
}

export interface FleetServer {
  readonly port: number;
  close(): void;
}

export type Served =
  | { readonly ok: true; readonly value: FleetServer }
  /** In words for a person. */
  | { readonly ok: false; readonly message: string };

const IDLE_S = 30;
/** A form with one token. */
const BODY_BYTES_MAX = 4_096;
const FORM = 'application/x-www-form-urlencoded';

interface Peer {
  readonly address: string | null;
  /** A stream is quiet for longer than other answers. */
  readonly neverTimeOut: () => void;
  /** Within a second or two, if it takes nothing. */
  readonly abort: () => void;
}

export function serveFleet(parts: ServerParts): Served {
  const { listen } = parts;
  const at = listen.lastIndexOf(':');
  try {
    const server = Bun.serve({
      hostname: parseEndpoint(listen)?.host ?? listen.slice(0, at).replace(/^\[|\]$/g, ''),
      port: Number(listen.slice(at + 1)),
      idleTimeout: IDLE_S,
      maxRequestBodySize: BODY_BYTES_MAX,
      development: false,
      reusePort: false,
      fetch: (request, server) =>
        answerTo(parts, request, {
          address: server.requestIP(request)?.address ?? null,
          neverTimeOut: () => server.timeout(request, 0),
          abort: () => server.timeout(request, 1),
        }),
      error: (error) => {
        parts.onError(error.message);
        return answerError(500, 'Something went wrong here; the log of jvpn fleet says what.');
      },
    });
    return { ok: true, value: { port: server.port ?? 0, close: () => void server.stop(true) } };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `http.listen: ${listen} cannot be listened on: ${why}` };
  }
}

async function answerTo(parts: ServerParts, request: Request, peer: Peer): Promise<Response> {
  const { login, pages } = parts;
  const url = URL.parse(request.url);
  // Made of the request's Host, which is whatever somebody sent.
  if (url === null) return answerError(400, 'Host is no host.');
  const path = url.pathname;
  if (path === '/login' && request.method === 'POST') return logIn(parts, request, peer);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return answerError(405, 'Only GET is answered: nothing can be changed here.', { allow: 'GET' });
  }
  // What everybody may have says nothing of the fleet.
  if (path === '/login' || path.startsWith('/assets/')) return pageAt(pages, path);
  const verdict = login.judge(request.headers, peer.address);
  if (verdict !== 'allowed') return refusal(parts, verdict, path);
  if (path === '/metrics') return answer(200, parts.metrics(), EXPOSITION_TYPE);
  if (path === '/api/live' && request.method === 'GET') {
    return watch(parts, request, url.searchParams.get('watcher'), peer);
  }
  if (path.startsWith('/api/'))
    return parts.api.answer(path.slice('/api'.length), url.searchParams);
  if (/^\/device\/[^/]+$/.test(path)) return pageAt(pages, '/device');
  return pageAt(pages, path === '/device' ? '' : path);
}

function watch({ live }: ServerParts, request: Request, name: string | null, peer: Peer): Response {
  if (name !== null && !WATCHER_NAME.test(name)) {
    return answerError(400, 'watcher is 16 digits of hex.');
  }
  const stream = live.watch(request.headers.get('last-event-id'), name, peer.abort);
  if (stream === null) return answerError(503, 'Too many watch already.', { 'retry-after': '30' });
  peer.neverTimeOut();
  // A proxy that collects before it passes on would hold every event back.
  const headers = { 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
  return answer(200, stream, 'text/event-stream; charset=utf-8', headers);
}

function pageAt(pages: Pages, path: string): Response {
  const page = pages.get(path);
  if (page === undefined) return answerError(404, 'There is nothing at this address.');
  return path.startsWith('/assets/') ? answerPage(200, page, FOREVER) : answerPage(200, page);
}

function refusal({ login, pages }: ServerParts, verdict: Verdict, path: string): Response {
  if (verdict === 'tooMany') {
    return answerError(429, 'Too many wrong tokens: wait a minute.', { 'retry-after': '60' });
  }
  if (verdict === 'foreignHost') {
    return answerError(403, 'Without a login only this machine is answered, by its own address.');
  }
  if (verdict === 'forwarded') {
    return answerError(403, 'Without a login nobody is answered through a proxy: docs/fleet.md.');
  }
  const isPage = path === '/' || path.startsWith('/device/');
  const hasForm = login.hasToken && pages.has('/login');
  if (verdict === 'unknown' && isPage && hasForm) return answerElsewhere('/login');
  return answerError(401, 'Log in first, or send the token as a bearer.', {
    'www-authenticate': 'Bearer realm="jvpn fleet"',
  });
}

async function logIn(parts: ServerParts, request: Request, peer: Peer): Promise<Response> {
  const { login, pages } = parts;
  if (!login.hasToken) return answerError(404, 'There is no token to log in with.');
  // Else another site could log its visitors in here.
  if (!['same-origin', 'none', null].includes(request.headers.get('sec-fetch-site'))) {
    return answerError(403, 'The form of this site is at /login.');
  }
  const type = (request.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  if (type !== FORM) return answerError(415, 'A form with the field token is expected.');
  const body = await request.text();
  if (body.length > BODY_BYTES_MAX) return answerError(413, 'The form is too long.');
  const given = new URLSearchParams(body).get('token') ?? '';
  const verdict = login.judgeToken(given.trim(), peer.address);
  if (verdict === 'allowed') {
    return answerElsewhere('/', { 'set-cookie': login.newCookie(isHttps(request.headers)) });
  }
  const page = pages.get('/login/refused');
  if (verdict === 'tooMany' || page === undefined) return refusal(parts, verdict, '/login');
  return answerPage(401, page);
}
