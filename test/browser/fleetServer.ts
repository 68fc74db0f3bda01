/**
 * A server with the interface of `jvpn fleet`, over a recorded fleet, that can be told to break.
 *
 * It serves the product's own pages under the product's own policy of content security.
 *
 * @module
 */
import type { DeviceRow, Overview } from '../../fleet/pages/answers.ts';
import { pageOf } from '../../fleet/pages/pages.ts';
import { deviceAt, outcomeOf, overviewOf, rowAt, seriesOf, timelineOf } from './recorded.ts';

const SECURITY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

export interface FleetServer extends AsyncDisposable {
  readonly url: string;
  /** Every path that was asked for, with its query. */
  readonly asked: string[];
  /** Sends an event over each open stream. */
  tell(kind: 'overview' | 'device', data: unknown): void;
  row(at: number): DeviceRow;
  /** From now on its answers have this row; nobody is told. */
  become(at: number, row: DeviceRow): void;
  overview(): Overview;
  /** Ends each stream and answers 503 until told otherwise. */
  setBroken(broken: boolean): void;
  /** Answers 401 where a login is needed. */
  setSignedIn(signedIn: boolean): void;
}

/** Worst first, as the server sorts. */
const ORDER = ['TERMINATED', 'RECOVERING', 'DEGRADED', 'VOLATILE', 'BIRTH', 'ATTACHED'];

export function startFleetServer(devices: number): FleetServer {
  const nowMs = Date.now();
  const rows = Array.from({ length: devices }, (_, at) => rowAt(at, nowMs));
  const asked: string[] = [];
  const streams = new Set<ReadableStreamDefaultController<string>>();
  let [isBroken, isSignedIn] = [false, true];
  const tell = (kind: string, data: unknown) => {
    for (const stream of streams)
      stream.enqueue(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
  };

  const answer = (url: URL): unknown => {
    const number = (name: string) => Number(url.searchParams.get(name));
    if (url.pathname === '/api/overview') return overviewOf(rows, Date.now());
    if (url.pathname === '/api/series')
      return seriesOf(number('from_ms'), number('to_ms'), number('step_ms'), devices);
    if (url.pathname === '/api/devices') return listOf(rows, url.searchParams);
    const [, , kind, name = '', part] = url.pathname.split('/').map(decodeURIComponent);
    const at = rows.findIndex((row) => row.name === name);
    if (kind !== 'device' || at < 0) return null;
    return part === 'timeline'
      ? timelineOf(number('from_ms'), number('to_ms'))
      : deviceAt(at, Date.now());
  };

  const live = () => {
    let own: ReadableStreamDefaultController<string> | undefined;
    const body = new ReadableStream<string>({
      start: (stream) => {
        own = stream;
        streams.add(stream);
        stream.enqueue(
          `retry: 200\nevent: overview\ndata: ${JSON.stringify(overviewOf(rows, Date.now()))}\n\n`,
        );
      },
      cancel: () => void (own && streams.delete(own)),
    });
    return new Response(body as unknown as ReadableStream<Uint8Array>, {
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
    });
  };

  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    fetch: async (request) => {
      const url = new URL(request.url);
      asked.push(url.pathname + url.search);
      if (url.pathname === '/login' && request.method === 'POST') {
        const isRight = (await request.formData()).get('token') === 'right';
        if (!isRight) return document('/login/refused', 401);
        isSignedIn = true;
        return new Response(null, { status: 303, headers: { location: '/' } });
      }
      if (url.pathname.startsWith('/api/')) {
        if (isBroken) return Response.json({ error: 'The broker is away.' }, { status: 503 });
        if (!isSignedIn) return Response.json({ error: 'Sign in first.' }, { status: 401 });
        if (url.pathname === '/api/live') return live();
        const found = answer(url);
        if (found !== null) return Response.json(found);
        return Response.json({ error: 'No such device.' }, { status: 404 });
      }
      return document(url.pathname, 200);
    },
  });

  return {
    url: `http://127.0.0.1:${server.port}`,
    asked,
    tell,
    row: (at) => rows[at]!,
    become: (at, row) => {
      rows[at] = row;
    },
    overview: () => overviewOf(rows, Date.now()),
    setBroken: (broken) => {
      isBroken = broken;
      if (!broken) return;
      for (const stream of streams) stream.close();
      streams.clear();
    },
    setSignedIn: (signedIn) => {
      isSignedIn = signedIn;
    },
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

function document(path: string, status: number): Response {
  const page = pageOf(path);
  if (page === undefined) return new Response('Not found', { status: 404 });
  return new Response(page.body as string, {
    status,
    headers: { 'content-type': page.type, 'content-security-policy': SECURITY },
  });
}

function listOf(rows: readonly DeviceRow[], fields: URLSearchParams) {
  const [search, state] = [(fields.get('search') ?? '').toLowerCase(), fields.get('state')];
  const outcome = fields.get('outcome');
  const found = rows.filter(
    (row) =>
      (row.name.includes(search) || row.device_key?.toLowerCase().includes(search)) &&
      (state === null || (row.state === state && row.away !== true)) &&
      (outcome === null || outcomeOf(row) === outcome),
  );
  const by = {
    name: () => 0,
    state: (row: DeviceRow) => ORDER.indexOf(row.state ?? ''),
    last_seen: (row: DeviceRow) => -(row.last_seen_ms ?? 0),
    switches: (row: DeviceRow) => -(row.switches_total ?? 0),
  }[fields.get('sort') ?? 'name']!;
  const sorted = found.sort((a, b) => by(a) - by(b) || (a.name < b.name ? -1 : 1));
  const from = sorted.findIndex(({ name }) => name === fields.get('after')) + 1;
  return { total: sorted.length, devices: sorted.slice(from, from + Number(fields.get('limit'))) };
}
