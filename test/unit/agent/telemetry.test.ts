/**
 * Goal: nothing that a broker does, or fails to do, is felt by the session or grows memory.
 * Method: the real reporter and MQTT.js against made-up peers on loopback, with shortened times.
 */
import { afterEach, expect, test } from 'bun:test';
import { createServer, type Server, type Socket } from 'node:net';
import { STOP_MAX_MS, startTelemetry, type Telemetry } from '../../../agent/telemetry.ts';
import { freePort } from '../../lab/mosquitto.ts';
import { eventually } from '../../lab/process.ts';
import { newRandom } from '../../lab/random.ts';
import { DEVICE, startFor, statusOn } from '../../lab/reporting.ts';

const FAST = { changeMs: 2, backoffFirstMs: 1, backoffMaxMs: 3 } as const;
const WAIT_MS = 10_000;

interface Shown {
  readonly enabled: boolean;
  readonly connected: boolean;
  readonly keepalive_s: number | null;
  readonly published: number;
  readonly dropped: number;
  readonly queue_bytes: number;
  readonly connections: number;
  readonly failures: number;
  readonly status_failures: number;
  readonly last_error: string | null;
}

const running: Telemetry[] = [];
const servers: Server[] = [];
afterEach(async () => {
  for (const telemetry of running.splice(0)) await telemetry.stop();
  for (const server of servers.splice(0)) server.close();
});

function started(...args: Parameters<typeof startTelemetry>): () => Shown {
  const telemetry = startTelemetry(...args);
  running.push(telemetry);
  return () => telemetry.status() as Shown;
}

/** A peer on loopback that does `answer` to whoever connects. */
async function peer(answer: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    answer(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `mqtt://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

const parts = (url: string, overrides = {}) => ({
  start: startFor({ url }, overrides),
  device: DEVICE,
  status: async () => statusOn('eth0'),
  times: FAST,
});

test('switched off it does nothing and never asks', async () => {
  const telemetry = startTelemetry({
    start: startFor({ enabled: false }),
    device: DEVICE,
    status: () => {
      throw new Error('asked');
    },
  });
  telemetry.noteChange('switch');
  expect(telemetry.status()).toEqual({ enabled: false });
  await telemetry.stop();
});

test('hours without a broker: reports are counted, the queue stays one report, memory flat', async () => {
  const url = `mqtt://127.0.0.1:${await freePort()}`;
  const shown = started(parts(url, { healthIntervalMs: 2 }));
  const heapAfter = async (connections: number) => {
    await eventually(`${connections} tries`, () => shown().connections >= connections, 60_000);
    Bun.gc(true);
    return process.memoryUsage().heapUsed;
  };
  // 1,000 tries are twelve hours at the real backoff; the first ones warm up MQTT.js and the runtime.
  const tries = process.env['SLICE'] === '1' ? 200 : 1_000;
  const before = await heapAfter(tries / 2);
  const after = await heapAfter(tries);
  expect((after - before) / 1_024).toBeLessThan(1_024);
  const { connected, published, dropped, queue_bytes, failures, last_error } = shown();
  expect([connected, published]).toEqual([false, 0]);
  expect(dropped).toBeGreaterThan(100);
  expect(queue_bytes).toBeLessThan(2_000);
  expect(failures).toBeGreaterThanOrEqual(tries - 1);
  expect(last_error).toStartWith('unreachable: connect ECONNREFUSED');
}, 120_000);

test('a status that rejects, throws or never answers is counted, and asked for one at a time', async () => {
  const url = `mqtt://127.0.0.1:${await freePort()}`;
  const answers: (() => Promise<never>)[] = [
    () => Promise.reject(new Error('the tunnel thread does not answer')),
    () => {
      throw new Error('thrown');
    },
    () => new Promise<never>(() => {}),
  ];
  let asked = 0;
  const status = () => answers[asked++]!();
  const shown = started({ ...parts(url, { healthIntervalMs: 2 }), status });
  await eventually('failures', () => shown().status_failures > 20, WAIT_MS);
  expect(asked).toBe(3);
  expect(shown().last_error).toContain('the last question is not answered');
});

test('stop is quick whatever the broker is: gone, silent, or accepting and then silent', async () => {
  const connack5 = Uint8Array.from([0x20, 3, 0, 0, 0]);
  const brokers = [
    [`mqtt://127.0.0.1:${await freePort()}`, false],
    [await peer(() => {}), false],
    [await peer((socket) => socket.once('data', () => socket.write(connack5))), true],
  ] as const;
  for (const [url, isAccepting] of brokers) {
    const telemetry = startTelemetry(parts(url));
    const shown = () => telemetry.status() as Shown;
    const isReady = () => (isAccepting ? shown().connected : shown().connections > 0);
    await eventually('connected or trying', isReady, WAIT_MS);
    const beganMs = performance.now();
    await telemetry.stop();
    expect(performance.now() - beganMs).toBeLessThan(STOP_MAX_MS);
    expect(shown().connected).toBe(false);
    await telemetry.stop();
  }
});

test('the keepalive in force is shown: the broker may have another one than the policy', async () => {
  const connack5 = Uint8Array.from([0x20, 6, 0, 0, 3, 0x13, 0, 30]);
  const url = await peer((socket) => socket.once('data', () => socket.write(connack5)));
  const shown = started(parts(url));
  expect(shown().keepalive_s).toBeNull();
  await eventually('connected', () => shown().connected, WAIT_MS);
  expect(shown().keepalive_s).toBe(30);
});

test('a broker that accepts and then never acknowledges is left', async () => {
  const connack5 = Uint8Array.from([0x20, 3, 0, 0, 0]);
  const url = await peer((socket) => socket.once('data', () => socket.write(connack5)));
  const shown = started({ ...parts(url), times: { ...FAST, acknowledgeMaxMs: 20 } });
  await eventually('two more connections', () => shown().connections >= 3, WAIT_MS);
  expect(shown().last_error).toBe('silent: a report was not acknowledged');
  expect(shown().published).toBe(0);
});

test('a connection that breaks under a report is no refusal of it', async () => {
  const connack5 = Uint8Array.from([0x20, 3, 0, 0, 0]);
  // A second acceptance, in answer to the first report, makes MQTT.js cut the connection.
  const url = await peer((socket) => socket.on('data', () => socket.write(connack5)));
  const shown = started(parts(url));
  const seen = new Set<string | null>();
  const isTried = () => {
    seen.add(shown().last_error);
    return shown().connections >= 5;
  };
  await eventually('five connections', isTried, WAIT_MS);
  seen.delete(null);
  expect([...seen]).toEqual([
    'lost: Protocol error: duplicate CONNACK on the same network connection',
  ]);
});

test('a broker that publishes what nobody asked for, or floods, is left', async () => {
  const connack5 = [0x20, 3, 0, 0, 0];
  const publish = [0x30, 6, 0, 1, 0x61, 0, 0x68, 0x69];
  const long = [0x30, 0xff, 0xff, 0xff, 0x7f, ...new Uint8Array(70_000)];
  for (const [bytes, why] of [
    [publish, 'that is not subscribed'],
    [long, 'a packet of more than 65536 bytes'],
  ] as const) {
    const url = await peer((socket) =>
      socket.once('data', () => socket.write(Uint8Array.from([...connack5, ...bytes]))),
    );
    const shown = started(parts(url));
    await eventually(why, () => shown().last_error === `misbehaves: ${why}`, WAIT_MS);
  }
});

test('what is published to another topic than the one that is heard ends the connection, unread', async () => {
  const connack5 = [0x20, 3, 0, 0, 0];
  const publish = [0x30, 6, 0, 1, 0x61, 0, 0x68, 0x69];
  const url = await peer((socket) =>
    socket.once('data', () => socket.write(Uint8Array.from([...connack5, ...publish]))),
  );
  const heard: unknown[] = [];
  const documents = { onDocument: (bytes: unknown) => heard.push(bytes), reported: () => ({}) };
  const shown = started({ ...parts(url), documents });
  const why = 'misbehaves: that is not subscribed';
  await eventually(why, () => shown().last_error === why, WAIT_MS);
  expect(heard).toEqual([]);
});

/**
 * Goal: MQTT.js in our process never throws into it.
 * Method: random bytes, random bytes behind an acceptance, and valid packets with one byte changed. An uncaught
 * exception fails this file.
 */
test('nonsense from a broker is counted and nothing else', async () => {
  const random = newRandom(3, 'broker');
  const byte = () => Math.floor(random() * 256);
  const noise = (bytes: number) => Array.from({ length: bytes }, byte);
  const valid = [0x20, 9, 0, 0, 6, 0x22, 0, 10, 0x21, 0, 20, 0x40, 2, 0, 1, 0xe0, 0];
  let served = 0;
  const url = await peer((socket) => {
    served += 1;
    const bent = [...valid];
    bent[Math.floor(random() * bent.length)] = byte();
    const kinds = [noise(60), [0x20, 3, 0, 0, 0, ...noise(60)], bent];
    const bytes = Uint8Array.from(kinds[served % kinds.length]!);
    socket.once('data', () => {
      socket.write(bytes);
      setTimeout(() => socket.destroy(), 2);
    });
  });
  const shown = started({ ...parts(url, { healthIntervalMs: 5 }), times: FAST });
  const tries = process.env['SLICE'] === '1' ? 60 : 300;
  await eventually(`${tries} connections`, () => shown().connections >= tries, 60_000);
  expect(shown().failures).toBeGreaterThan((tries * 5) / 6);
  expect(shown().last_error).toMatch(/^[\x20-\x7e]+$/);
}, 90_000);

test('a password file that is missing is said, without asking the broker', async () => {
  let asked = 0;
  const url = await peer(() => {
    asked += 1;
  });
  const start = startFor({ url, username: 'gw', password_file: '/nonexistent/password' });
  const shown = started({ ...parts(url), start });
  await eventually('said', () => shown().last_error !== null, WAIT_MS);
  expect(shown().last_error).toStartWith('fileUnreadable: ');
  expect(shown().last_error).toContain('/nonexistent/password');
  expect(asked).toBe(0);
});

test('another policy: its interval from now on, its queue, and a report that shows it soon', async () => {
  const url = `mqtt://127.0.0.1:${await freePort()}`;
  const telemetry = startTelemetry(parts(url, { healthIntervalMs: 3_600_000 }));
  running.push(telemetry);
  const shown = () => telemetry.status() as Shown;
  const { policy } = startFor({ url }, { healthIntervalMs: 3_600_000 });
  expect(shown().queue_bytes).toBe(0);
  telemetry.usePolicy({ ...policy, version: 2 });
  await eventually('a report in the queue', () => shown().queue_bytes > 0, WAIT_MS);
  const before = shown().dropped;
  const { telemetry: numbers } = policy;
  telemetry.usePolicy({ ...policy, telemetry: { ...numbers, queueBytesMax: 1 } });
  expect([shown().queue_bytes, shown().dropped]).toEqual([0, before + 1]);
});

test('who waits for the broker is told once it took the device in, at once where only the routes count', async () => {
  const connack5 = Uint8Array.from([0x20, 3, 0, 0, 0]);
  const told: string[] = [];
  const url = await peer((socket) => socket.once('data', () => socket.write(connack5)));
  const routed = startTelemetry(parts(url));
  running.push(routed);
  routed.whenReachable(() => told.push('routed'));
  expect(told).toEqual(['routed']);

  // No tunnel is there to bind to.
  const bound = startTelemetry(parts(url, { outsideTunnel: 'never' }));
  running.push(bound);
  bound.whenReachable(() => told.push('older'));
  bound.whenReachable(() => told.push('bound'));
  const shown = () => bound.status() as Shown;
  await eventually('three tries', () => shown().connections >= 3, WAIT_MS);
  expect(shown().last_error).toMatch(/^unreachable: connect ENODEV 127\.0\.0\.1:\d+ over jvpn0$/);
  expect(told).toEqual(['routed']);
  bound.usePolicy(startFor({ url }).policy);
  await eventually('told', () => told.length > 1, WAIT_MS);
  expect(told).toEqual(['routed', 'bound']);

  // The way back to the routes may be one that does not lead there.
  const gone = `mqtt://127.0.0.1:${await freePort()}`;
  const lost = startTelemetry(parts(gone, { outsideTunnel: 'never' }));
  running.push(lost);
  // The same policy may be followed again while it is on trial: an emergency of it began or ended.
  for (let time = 1; time <= 2; time++) {
    lost.usePolicy({ ...startFor({ url: gone }).policy, version: 2 });
  }
  lost.whenReachable(() => told.push('lost'));
  const tried = () => (lost.status() as Shown).connections;
  await eventually('three tries', () => tried() >= 3, WAIT_MS);
  expect(told).toEqual(['routed', 'bound']);
});

test('a web socket can be bound to nothing: where it would have to be, there is none', async () => {
  let asked = 0;
  const url = (await peer(() => asked++)).replace('mqtt:', 'ws:');
  const shown = started(parts(url, { outsideTunnel: 'never' }));
  await eventually('said', () => shown().last_error !== null, WAIT_MS);
  expect(shown().last_error).toBe(
    'unreachable: telemetry.outside_tunnel of the policy needs an mqtt or mqtts address',
  );
  expect(asked).toBe(0);
});
