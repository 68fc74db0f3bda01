/**
 * The life of a device at a real mosquitto: reports, presence, changes, a broker that goes away.
 *
 * Method: the real reporter with a made-up session, each test with a broker of its own on loopback; what
 * arrived is read back by `mosquitto_sub` or MQTT.js, and mosquitto's log is the witness of the protocol.
 */
import { afterAll, beforeAll, expect } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { decode } from 'cbor-x';
import { STOP_MAX_MS } from '../../agent/telemetry.ts';
import { freePort, mosquittoObstacle, startMosquitto } from '../lab/mosquitto.ts';
import { eventually, LabProcess, run } from '../lab/process.ts';
import { DEVICE, startFor, statusOn, TOPIC } from '../lab/reporting.ts';
import { listening, QUICK, reporting, urlOf } from '../lab/witness.ts';
import { testUnless } from '../obstacle.ts';

const PUBLISHER = resolve(import.meta.dir, '../lab/publisher.ts');
const READER_TOOL = Bun.which('mosquitto_sub');

const WAIT_MS = 15_000;
const TEST_MS = 50_000;

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'jvpn-mqtt-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const mosquittoTest = (name: string, body: () => Promise<void>) =>
  testUnless(mosquittoObstacle, name, body, TEST_MS);

mosquittoTest('a retained CBOR report over MQTT 5, read by the broker’s own client', async () => {
  const port = await freePort();
  await using broker = await startMosquitto({ directory, port });
  await using reporter = reporting({
    start: startFor({ url: urlOf(port) }),
    status: async () => statusOn('eth0'),
  });
  await eventually('published', () => reporter.shown().published === 1, WAIT_MS);
  expect(reporter.shown()).toMatchObject({ connected: true, protocol: '5.0', dropped: 0 });
  // "(p5, c1, k60, …)": protocol 5, clean start, keepalive of 90 s.
  const joined = broker.stderr.filter((line) => line.includes('as jvpn-gw-7 ('));
  expect(joined.join('\n')).toMatch(/\(p5, c1, k90[,)]/);

  await using late = await listening(urlOf(port));
  await eventually('three retained', () => late.messages.length === 3, WAIT_MS);
  expect(late.messages.map(({ retain, contentType }) => [retain, contentType])).toEqual([
    [true, 'application/cbor'],
    [true, 'application/cbor'],
    [true, 'application/cbor'],
  ]);
  const [health] = late.health();
  expect(health).toMatchObject({
    v: 1,
    seq: 1,
    device: DEVICE,
    state: 'ATTACHED',
    state_version: 7,
    binding: 'eth0→198.51.100.1:51820',
    policy: { name: 'balanced', version: 1 },
  });
  expect(late.twin()).toMatchObject([{ v: 1, boot: health!.boot, device: DEVICE, name: 'gw-7' }]);
  const [presence] = late.presence();
  expect(presence).toMatchObject({ online: true, why: null, connection: 1, boot: health!.boot });

  if (READER_TOOL === null) return;
  const argv = [READER_TOOL, '-p', String(port), '-V', '5', '-C', '1', '-W', '10', '-F', '%r %x'];
  const { stdout } = await run([...argv, '-t', `${TOPIC}/health`]);
  const [retained = '', hex = ''] = stdout.trim().split(' ');
  expect(retained).toBe('1');
  expect(decode(Buffer.from(hex, 'hex'))).toEqual(health);
});

mosquittoTest('as JSON, the last will included, over MQTT 5 and 3.1.1', async () => {
  const port = await freePort();
  await using _broker = await startMosquitto({ directory, port });
  await using heard = await listening(urlOf(port));
  await using device = new LabProcess([process.execPath, PUBLISHER, urlOf(port), 'json']);
  await eventually('a report', () => heard.health().length === 1, WAIT_MS);
  device.signal('SIGKILL');
  await device.exited;
  await eventually('the will', () => heard.presence().length === 2, WAIT_MS);
  const [birth, will] = heard.presence();
  expect(will).toMatchObject({ online: false, why: 'lost', boot: birth!.boot });
  expect(heard.health()[0]).toMatchObject({ v: 1, device: DEVICE, state: 'ATTACHED' });
  expect(new Set(heard.messages.map(({ contentType }) => contentType))).toEqual(
    new Set(['application/json']),
  );
  await using older = await listening(urlOf(port), { version: 4 });
  await eventually('three retained', () => older.messages.length === 3, WAIT_MS);
  expect([older.health()[0], older.presence()[0]]).toEqual([heard.health()[0], will]);
  expect(heard.messages.every(({ isJson }) => isJson)).toBe(true);
});

mosquittoTest(
  'kill -9 of the device: the broker publishes its last will, of that boot',
  async () => {
    const port = await freePort();
    await using _broker = await startMosquitto({ directory, port });
    await using heard = await listening(urlOf(port));
    await using device = new LabProcess([process.execPath, PUBLISHER, urlOf(port)]);
    await eventually('a birth', () => heard.presence().length === 1, WAIT_MS);
    device.signal('SIGKILL');
    await device.exited;
    await eventually('the will', () => heard.presence().length === 2, WAIT_MS);
    const [birth, will] = heard.presence();
    expect(birth).toMatchObject({ online: true, connection: 1 });
    expect(will).toMatchObject({ online: false, why: 'lost', connection: 1, boot: birth!.boot });
    await using late = await listening(urlOf(port));
    await eventually('retained', () => late.presence().length === 1, WAIT_MS);
    expect(late.presence()[0]).toEqual(will!);
  },
);

mosquittoTest('stop says goodbye: a last report, no will, within its bound', async () => {
  const port = await freePort();
  await using _broker = await startMosquitto({ directory, port });
  await using heard = await listening(urlOf(port));
  let state = 'ATTACHED';
  const reporter = reporting({
    start: startFor({ url: urlOf(port) }),
    status: async () => ({ ...statusOn('eth0'), state }),
  });
  await eventually('published', () => reporter.shown().published === 1, WAIT_MS);
  state = 'TERMINATED';
  const beganMs = performance.now();
  await reporter.telemetry.stop();
  expect(performance.now() - beganMs).toBeLessThan(STOP_MAX_MS);
  await eventually('the goodbye', () => heard.presence().length === 2, WAIT_MS);
  expect(heard.presence()[1]).toMatchObject({ online: false, why: 'stopped' });
  expect(heard.health().map((health) => [health.seq, health.state])).toEqual([
    [1, 'ATTACHED'],
    [2, 'TERMINATED'],
  ]);
  // A will would have followed the goodbye. The broker answers in order: this comes after it.
  await using late = await listening(urlOf(port));
  await eventually('retained', () => late.presence().length === 1, WAIT_MS);
  expect(late.presence()[0]?.why).toBe('stopped');
  expect(heard.presence().length).toBe(2);
});

mosquittoTest('broker killed and back: published anew, every report accounted for', async () => {
  const port = await freePort();
  let version = 1;
  const broker = await startMosquitto({ directory, port });
  await using reporter = reporting({
    start: startFor({ url: urlOf(port) }),
    status: async () => statusOn('eth0', version),
    times: { ...QUICK, changeMs: 10, backoffFirstMs: 300, backoffMaxMs: 600 },
  });
  await eventually('published', () => reporter.shown().published === 1, WAIT_MS);
  await broker.stop('SIGKILL');
  await eventually('noticed', () => !reporter.shown().connected, WAIT_MS);
  const isCounted = () => {
    reporter.telemetry.noteChange('transition');
    return reporter.shown().dropped > 5;
  };
  await eventually('drops', isCounted, WAIT_MS);
  expect(reporter.shown().queue_bytes).toBeGreaterThan(100);
  expect(reporter.shown().queue_bytes).toBeLessThan(2_000);
  expect(reporter.shown().published).toBe(1);
  version = 2;

  await using _again = await startMosquitto({ directory, port });
  await using heard = await listening(urlOf(port));
  await eventually('both', () => heard.health().length > 0 && heard.presence().length > 0, WAIT_MS);
  const health = heard.health().at(-1)!;
  expect(health.state_version).toBe(2);
  const { published, dropped } = health.telemetry;
  expect(dropped).toBeGreaterThan(5);
  // Made on connect, with nothing in flight: all before it were acknowledged or counted.
  expect(health.seq).toBe(published + dropped + 1);
  expect(heard.presence().at(-1)).toMatchObject({ online: true, boot: health.boot });
  expect(heard.presence().at(-1)!.connection).toBeGreaterThan(1);
});

mosquittoTest('a change is reported soon, many changes once, other events not', async () => {
  const port = await freePort();
  await using _broker = await startMosquitto({ directory, port });
  await using heard = await listening(urlOf(port));
  await using reporter = reporting({
    start: startFor({ url: urlOf(port) }),
    status: async () => statusOn('eth0'),
    times: { ...QUICK, changeMs: 300 },
  });
  await eventually('the first', () => heard.health().length === 1, WAIT_MS);
  for (const event of ['claim', 'refusal', 'notice'] as const) reporter.telemetry.noteChange(event);
  const beganMs = performance.now();
  for (let i = 0; i < 20; i += 1) reporter.telemetry.noteChange('transition');
  for (let i = 0; i < 3; i += 1) reporter.telemetry.noteChange('switch');
  await eventually('the change', () => heard.health().length === 2, WAIT_MS);
  expect(performance.now() - beganMs).toBeGreaterThanOrEqual(299);
  reporter.telemetry.noteChange('switch');
  await eventually('the next', () => heard.health().length === 3, WAIT_MS);
  expect(heard.health().map((health) => [health.seq, health.switches.total])).toEqual([
    [1, 0],
    [2, 3],
    [3, 4],
  ]);
});

mosquittoTest('a metered binding gets its own keepalive and interval, without a will', async () => {
  const port = await freePort();
  await using broker = await startMosquitto({ directory, port });
  await using heard = await listening(urlOf(port));
  let link: 'eth0' | 'wwan0' = 'eth0';
  await using reporter = reporting({
    start: startFor({ url: urlOf(port) }, { healthIntervalMs: 40 }),
    status: async () => statusOn(link),
    times: { ...QUICK, keepaliveSettleMs: 100 },
  });
  const joined = () =>
    broker.stderr.flatMap((line) => /as jvpn-gw-7 \(p5, (c\d, k\d+)/.exec(line)?.[1] ?? []);
  await eventually('reports', () => heard.health().length > 3, WAIT_MS);
  expect(joined()).toEqual(['c1, k90']);
  link = 'wwan0';
  await eventually('joined again', () => joined().length === 2, WAIT_MS);
  expect(joined()).toEqual(['c1, k90', 'c0, k2700']);
  await eventually('born again', () => heard.presence().length === 2, WAIT_MS);
  expect(heard.presence().map(({ online }) => online)).toEqual([true, true]);
  // Half an hour between reports now: the last one stays the last while the old interval passes many times.
  await eventually(
    'a report of it',
    () => heard.health().at(-1)?.telemetry.connections === 2,
    WAIT_MS,
  );
  const count = heard.health().length;
  link = 'eth0';
  reporter.telemetry.noteChange('switch');
  await eventually('joined a third time', () => joined().length === 3, WAIT_MS);
  expect(joined()[2]).toBe('c0, k90');
  expect(heard.health()[count]?.binding).toStartWith('eth0');
});
