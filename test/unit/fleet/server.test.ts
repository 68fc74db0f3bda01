/**
 * Goal: the API answers as docs/fleet.md says, to whoever may look and to nobody else.
 * Method: the real server on a port of its own, with a made-up fleet behind it.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePayload } from '../../../agent/payload.ts';
import { Fleet } from '../../../fleet/daemon.ts';
import { openHistory } from '../../../fleet/history.ts';
import { Live } from '../../../fleet/live.ts';
import { Login } from '../../../fleet/login.ts';
import { type Pages, serveFleet } from '../../../fleet/server.ts';
import { eventually } from '../../lab/process.ts';
import { promtoolFindings, promtoolObstacle } from '../../lab/promtool.ts';
import { testUnless } from '../../obstacle.ts';
import { BOOT, healthPayload, presencePayload, Scene, START_MS } from './sample.ts';

const TOKEN = 'a-token-of-many-letters';
const BEARER = { authorization: `Bearer ${TOKEN}` };
const CSP = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

const PAGES: Pages = new Map([
  ['/', { body: 'the dashboard', type: 'text/html; charset=utf-8' }],
  ['/device', { body: 'a device', type: 'text/html; charset=utf-8' }],
  ['/login', { body: 'the form', type: 'text/html; charset=utf-8' }],
  ['/login/refused', { body: 'the form again', type: 'text/html; charset=utf-8' }],
  ['/assets/a-1.js', { body: Uint8Array.of(59), type: 'text/javascript' }],
]);

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'jvpn-fleet-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** What the tests look into; not all of it is in each answer. */
interface Answer {
  readonly total: number;
  readonly devices: readonly { readonly name: string }[];
  readonly next_key: number | null;
  readonly bands: readonly { readonly state: string | null; readonly from_ms: number }[];
  readonly marks: readonly { readonly kind: string }[];
  readonly at_ms: readonly number[];
  readonly links: readonly object[];
  readonly until_ms: number;
  readonly switches: readonly (number | null)[];
  readonly states: Readonly<Record<string, readonly (number | null)[]>>;
}

let files = 0;

/** A fleet of `gw-1` to `gw-3`, the last of them lost. */
function serving(
  options: { token?: string | null; pages?: Pages; say?: (line: string) => void } = {},
) {
  const bounds = { retentionDays: 30, bytesMax: 64 * 1_048_576 };
  const file = join(directory, `${files++}.sqlite`);
  const history = openHistory(file, bounds);
  if (!history.ok) throw new Error(history.message);
  const { token = TOKEN, pages = PAGES } = options;
  const fleet = new Fleet(
    {
      broker: {
        // Nobody listens there.
        ...{ url: 'mqtt://127.0.0.1:9', fleet: 'north', username: null, clientId: 'fleet' },
        ...{ passwordFile: null, caFile: null, certificateFile: null, keyFile: null },
      },
      sessionExpiryS: 0,
      ...{ listen: '127.0.0.1:0', login: { token, proxyHeader: null, proxyAddresses: [] } },
      ...{ historyFile: file, ...bounds, pages, nowMs: () => START_MS + 1_000 },
      say: options.say ?? (() => {}),
    },
    history.value,
  );
  const served = fleet.serve();
  if (!served.ok) throw new Error(served.message);
  const say = (leaf: string, payload: Uint8Array) =>
    fleet.registry.take(
      { topic: `jvpn/v1/north/${leaf}`, payload },
      { atMs: START_MS, isRetained: false, connection: 1 },
    );
  for (const [at, name] of ['gw-1', 'gw-2', 'gw-3'].entries()) {
    say(`${name}/presence`, presencePayload('online', BOOT, 1));
    say(`${name}/health`, healthPayload({ seq: 1, switchesTotal: at }));
  }
  say('gw-2/health', healthPayload({ seq: 4, status: { state: 'DEGRADED' }, switchesTotal: 5 }));
  say('gw-3/presence', presencePayload('lost', BOOT, 1));
  const base = `http://127.0.0.1:${fleet.port}`;
  return {
    ...{ fleet, say },
    get: (path: string, init: RequestInit = { headers: BEARER }) =>
      fetch(`${base}${path}`, { redirect: 'manual', ...init }),
    json: async (path: string) =>
      (await (await fetch(`${base}${path}`, { headers: BEARER })).json()) as Answer,
    [Symbol.dispose]: () => fleet.stop(),
  };
}

test('the overview', async () => {
  using scene = serving();
  const overview: unknown = await scene.json('/api/overview');
  expect(overview).toEqual({
    ...{ now_ms: START_MS + 1_000, fleet: 'north', connected: false },
    devices: { total: 3, online: 2, stopped: 0, lost: 1 },
    states: { BIRTH: 0, ATTACHED: 1, VOLATILE: 0, DEGRADED: 1, RECOVERING: 0, TERMINATED: 0 },
    ...{ degraded_percent: 50, terminated: {}, replay_signs_24h: 0, hijack_signs_24h: 0 },
    ...{ dead_transports: {}, denied_switches: {} },
    // Of those that are there.
    recovery_ms: { count: 6, p50: 90.5, p95: 215.3, p99: 215.3 },
    rtt_ms: { count: 2, p50: 12.5, p95: 12.5 },
    jitter_ms: { count: 2, p50: 1.2, p95: 1.2 },
    loss_percent: { count: 2, p50: 0, p95: 0 },
    memory_bytes: { count: 2, p50: 60_000_000, p95: 60_000_000 },
    switches_per_session_per_hour: 2,
    policies: [{ name: 'balanced', version: 3, devices: 3 }],
    versions: [{ version: '0.1.0', devices: 3 }],
    ...{ rollout: null, emergency: { devices: 0, versions: [] } },
  });
});

test('devices: searched, sorted, a page at a time', async () => {
  using scene = serving();
  const names = async (query: string) => {
    const { total, devices } = await scene.json(`/api/devices?${query}`);
    return [total, devices.map(({ name }) => name).join(' ')];
  };
  expect(await names('')).toEqual([3, 'gw-1 gw-2 gw-3']);
  expect(await names('sort=switches')).toEqual([3, 'gw-2 gw-3 gw-1']);
  expect(await names('sort=state')).toEqual([3, 'gw-2 gw-1 gw-3']);
  expect(await names('limit=1')).toEqual([3, 'gw-1']);
  expect(await names('limit=1&after=gw-1')).toEqual([3, 'gw-2']);
  expect(await names('search=GW-3')).toEqual([1, 'gw-3']);
  expect(await names('search=xtiba5')).toEqual([3, 'gw-1 gw-2 gw-3']);
  expect(await names('state=DEGRADED')).toEqual([1, 'gw-2']);
  // As many as the overview counts: nobody knows the state of one that is lost.
  expect(await names('state=ATTACHED')).toEqual([1, 'gw-1']);
  for (const query of [
    'limit=0',
    'limit=9999',
    'limit=x',
    'sort=age',
    'outcome=lost',
    `search=${'x'.repeat(200)}`,
  ]) {
    const answer = await scene.get(`/api/devices?${query}`);
    expect([query, answer.status]).toEqual([query, 400]);
    expect(await answer.json()).toEqual({ error: expect.any(String) });
  }
});

test('a page goes on where the last one ended, though its last device has moved, or is gone', async () => {
  using scene = serving();
  const pageOf = async (query: string) => {
    const { devices, next_key } = await scene.json(`/api/devices?limit=1&${query}`);
    return [devices.map(({ name }) => name).join(' '), next_key];
  };
  expect(await pageOf('sort=switches')).toEqual(['gw-2', -5]);
  expect(await pageOf('sort=switches&after=gw-2&after_key=-5')).toEqual(['gw-3', -2]);
  scene.say('gw-3/health', healthPayload({ seq: 2, switchesTotal: 900 }));
  expect(await pageOf('sort=switches&after=gw-3&after_key=-2')).toEqual(['gw-1', 0]);
  expect(await pageOf('sort=switches&after=gw-1&after_key=0')).toEqual(['', null]);
  expect(await pageOf('after=gw-1a')).toEqual(['gw-2', 0]);
  expect((await scene.get('/api/devices?after=gw-1&after_key=x')).status).toBe(400);
});

test('one device, its gaps and its time', async () => {
  using scene = serving();
  const device: unknown = await scene.json('/api/device/gw-2');
  expect(device).toMatchObject({
    ...{ name: 'gw-2', state: 'DEGRADED', online: true, link_kind: 'ethernet' },
    ...{ last_seen_ms: START_MS, recovery_p95_ms: 210.5, switches_total: 5 },
    health: { v: 1, seq: 4, packets: { received: 6 } },
    presence: { online: true, boot: BOOT, connection: 1 },
    gaps: [{ stream: 'health', boot: BOOT, from_seq: 2, to_seq: 3 }],
    links: [{ link: 'eth0', bound: true }, { link: 'wwan0' }],
  });
  const { bands, marks } = await scene.json('/api/device/gw-2/timeline');
  expect(bands.at(-1)).toMatchObject({ state: 'DEGRADED', from_ms: START_MS });
  expect(marks.map(({ kind }) => kind).sort()).toEqual([...['gap', 'presence', 'switch']]);
  expect((await scene.get('/api/device/gw-9')).status).toBe(404);
  expect((await scene.get('/api/device/gw-2/timeline?from_ms=5&to_ms=5')).status).toBe(400);
});

test('series are columns of one length', async () => {
  using scene = serving();
  const query = `from_ms=${START_MS - 60_000}&to_ms=${START_MS + 60_000}&step_ms=60000`;
  const series = await scene.json(`/api/series?${query}`);
  expect(series.at_ms).toEqual([START_MS - 60_000, START_MS]);
  expect(series.switches).toEqual([null, 4]);
  expect(series.until_ms).toBe(START_MS + 1_000);
  // Its broker was never heard: nobody knows in which state they are.
  expect(series.states).toEqual({});
});

test('what a rule watches over is counted by its code, now and over time', async () => {
  using scene = serving();
  const counters = { carrier_lost: 9, heartbeat_timeout: 1, switch_denied: 2, attach_accepted: 3 };
  scene.say('gw-1/health', healthPayload({ seq: 2, status: { counters } }));
  const overview: unknown = await scene.json('/api/overview');
  expect(overview).toMatchObject({
    ...{ dead_transports: { carrier_lost: 7 }, denied_switches: { switch_denied: 2 } },
  });
  const query = `from_ms=${START_MS}&to_ms=${START_MS + 60_000}`;
  expect(await scene.json(`/api/series?${query}`)).toMatchObject({
    ...{ dead_transports: { carrier_lost: [7] }, denied_switches: { switch_denied: [2] } },
    // Its broker was never heard.
    rtt_ms: { p50: [null], p95: [null] },
  });
});

test('nobody looks without the token, and pages lead to the login', async () => {
  using scene = serving();
  const stranger = {};
  for (const path of ['/api/overview', '/api/live', '/metrics', '/api/device/gw-1']) {
    const answer = await scene.get(path, stranger);
    expect([path, answer.status]).toEqual([path, 401]);
    expect(await answer.text()).not.toContain('gw-');
  }
  for (const path of ['/', '/device/gw-1']) {
    const answer = await scene.get(path, stranger);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/login']);
  }
  expect(await (await scene.get('/login', stranger)).text()).toBe('the form');
  const asset = await scene.get('/assets/a-1.js', stranger);
  expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
});

test('the form gives a cookie for the token', async () => {
  using scene = serving();
  const post = (token: string, headers = {}) =>
    scene.get('/login', { method: 'POST', body: new URLSearchParams({ token }), headers });
  const wrong = await post('not-the-token-at-all');
  expect([wrong.status, await wrong.text()]).toEqual([401, 'the form again']);
  expect((await post(TOKEN, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  const right = await post(TOKEN);
  expect([right.status, right.headers.get('location')]).toEqual([303, '/']);
  const behind = await post(TOKEN, { 'x-forwarded-proto': 'https' });
  expect(behind.headers.get('set-cookie')).toMatch(/^__Host-jvpn_fleet=.*; Secure$/);
  const cookie = right.headers.get('set-cookie')!.split(';')[0]!;
  const page = await scene.get('/', { headers: { cookie } });
  expect([page.status, await page.text()]).toEqual([200, 'the dashboard']);
  expect(page.headers.get('content-security-policy')).toBe(CSP);
  expect(page.headers.get('cache-control')).toBe('no-store');
  expect(await (await scene.get('/device/gw-1', { headers: { cookie } })).text()).toBe('a device');
});

test('what nobody may ask for is refused with a sentence, and is no failure here', async () => {
  const failures: string[] = [];
  using scene = serving({ say: (line) => failures.push(line) });
  const years = `from_ms=${START_MS - 401 * 86_400_000}&to_ms=${START_MS}`;
  expect((await scene.get(`/api/series?${years}`)).status).toBe(400);
  const rows = Array.from({ length: 3_000 }, () => ({}));
  const health = { v: 1, boot: BOOT, seq: 1, state: 'ATTACHED', ts_ms: 1e15, links: rows };
  scene.say('gw-9/health', encodePayload(health, 'cbor'));
  expect((await scene.json('/api/device/gw-9')).links.length).toBe(12);
  for (const host of ['a b', '[::', '127.0.0.1:99999']) {
    const head = await rawAnswer(
      scene.fleet.port,
      `GET /metrics HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    );
    expect([host, head.slice(0, 12)]).toEqual([host, 'HTTP/1.1 400']);
  }
  expect(failures.filter((line) => line.startsWith('an answer failed'))).toEqual([]);
});

/** What the server says first to bytes that no client of HTTP would send. */
function rawAnswer(port: number, text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(port, '127.0.0.1', () => socket.write(text));
  socket.on('data', (data) => {
    socket.destroy();
    resolve(String(data));
  });
  socket.on('close', () => resolve(''));
  return promise;
}

test('it can be read and nothing else', async () => {
  using scene = serving();
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    const answer = await scene.get('/api/device/gw-1', { method, headers: BEARER });
    expect([method, answer.status]).toEqual([method, 405]);
  }
  const long = await scene.get('/login', { method: 'POST', body: 'token='.padEnd(10_000, 'x') });
  expect(long.status).toBe(413);
});

test('without pages there is a sentence where they would be, and the API all the same', async () => {
  using scene = serving({ token: null, pages: new Map() });
  const answer = await scene.get('/', {});
  expect([answer.status, await answer.json()]).toEqual([
    404,
    { error: 'There is nothing at this address.' },
  ]);
  expect((await scene.get('/api/overview', {})).status).toBe(200);
  const foreign = await scene.get('/api/overview', { headers: { host: 'evil.example.org' } });
  expect(foreign.status).toBe(403);
});

test('events: the overview at once, devices as they change, and where they were left', async () => {
  using scene = serving();
  const events = async (headers: Record<string, string>, enough: (text: string) => boolean) => {
    const answer = await scene.get('/api/live', { headers: { ...BEARER, ...headers } });
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!enough(text)) {
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
      if (text.includes('event: overview') && !text.includes('event: device')) {
        scene.say('gw-1/health', healthPayload({ seq: 2 + text.length, switchesTotal: 9 }));
      }
    }
    await reader.cancel();
    return text;
  };
  const first = await events({}, (text) => text.includes('event: device'));
  expect(first).toMatch(/^id: [0-9a-f]+-\d+\nevent: overview\ndata: \{"now_ms":/);
  const id = [...first.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? '';
  expect(first).toMatch(/data: \{"name":"gw-1","row":\{.*"switches_total":9/);
  scene.say('gw-2/health', healthPayload({ seq: 9 }));
  const second = await events({ 'last-event-id': id }, (text) => text.includes('"name":"gw-2"'));
  expect(second).toContain('"name":"gw-2"');
});

test('the connection of a watcher that stops reading is closed', async () => {
  const scene = new Scene();
  let now = 0;
  const live = new Live({
    overview: () => ({ filler: 'x'.repeat(100_000) }) as never,
    devices: scene.registry.devices,
    shownId: () => ++now,
    run: 'run',
  });
  const served = serveFleet({
    ...{ listen: '127.0.0.1:0', pages: new Map(), live, api: null as never },
    login: new Login({ token: null, proxyHeader: null, proxyAddresses: [] }, Date.now, Date.now),
    ...{ metrics: () => '', onError: () => {} },
  });
  if (!served.ok) throw new Error(served.message);
  const { port } = served.value;
  const socket = connect(port, '127.0.0.1', () =>
    socket.write('GET /api/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'),
  );
  socket.on('error', () => {});
  socket.pause();
  await eventually('a watcher', () => live.count === 1, 10_000);
  const deadline = () => {
    for (let tick = 0; tick < 8; tick++) live.tick();
    return live.count === 0;
  };
  await eventually('it is closed', deadline, 30_000);
  socket.destroy();
  served.value.close();
}, 60_000);

testUnless(promtoolObstacle, 'promtool has nothing to say against /metrics', async () => {
  using scene = serving();
  const event = { v: 1, stream: BOOT, boot: BOOT, gap: null };
  const late = { seq: 5, historical: true, gap: { from_seq: 2, to_seq: 4, why: 'dropped' } };
  for (const more of [{ seq: 1 }, { seq: 1 }, late]) {
    scene.say('gw-1/event/notice', encodePayload({ ...event, ...more }, 'cbor'));
  }
  const text = await (await scene.get('/metrics')).text();
  for (const line of [
    'jvpn_fleet_devices{presence="lost"} 1',
    'jvpn_fleet_binding_round_trip_seconds{statistic="p95"} 0.0125',
    'jvpn_fleet_binding_jitter_seconds{statistic="p50"} 0.0012',
    'jvpn_fleet_binding_loss_ratio{statistic="p95"} 0',
    'jvpn_fleet_agent_memory_bytes{statistic="p50"} 60000000',
    'jvpn_fleet_sessions{state="DEGRADED"} 1',
    'jvpn_fleet_messages_total{outcome="taken"} 10',
    'jvpn_fleet_reports_missing_total 2',
    'jvpn_fleet_events_received_total 2',
    'jvpn_fleet_events_historical_total 1',
    'jvpn_fleet_events_duplicate_total 1',
    'jvpn_fleet_event_gaps_total 1',
    'jvpn_fleet_events_missing_total{why="dropped"} 3',
    'jvpn_fleet_events_missing_total{why="lost"} 0',
    'jvpn_fleet_events_not_kept_total 0',
    'jvpn_fleet_broker_connected 0',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(await promtoolFindings(text)).toEqual([]);
});
