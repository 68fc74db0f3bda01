/**
 * Events at a real mosquitto: as they happen, after the broker was away, after the device was killed.
 *
 * Method: the real reporter, and a store on the disk of this machine; what arrived is read back by MQTT.js. What a power cut
 * does is in `test/unit/agent/events/powerCuts.test.ts`.
 */
import { afterAll, beforeAll, expect } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openEventStore } from '../../agent/events/openStore.ts';
import { newClock } from '../../hal/linux/clock.ts';
import type { AuditKind } from '../../session/audit.ts';
import { freePort, mosquittoObstacle, startMosquitto } from '../lab/mosquitto.ts';
import { eventually, LabProcess } from '../lab/process.ts';
import { eventRow, startFor, statusOn, TOPIC } from '../lab/reporting.ts';
import { type HeardEvent, listening, reporting, urlOf } from '../lab/witness.ts';
import { testUnless } from '../obstacle.ts';

const PUBLISHER = resolve(import.meta.dir, '../lab/publisher.ts');
const WAIT_MS = 15_000;
const TEST_MS = 50_000;

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'jvpn-events-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const mosquittoTest = (name: string, body: () => Promise<void>) =>
  testUnless(mosquittoObstacle, name, body, TEST_MS);

const clock = newClock();
const nowRow = (event: AuditKind) => eventRow(event, clock.monotonicMs());
const status = async () => statusOn('eth0');

function stored(url: string, name: string) {
  const start = startFor({ url });
  const config = { ...start.config, state: { directory: join(directory, name) } };
  const eventStore = openEventStore({ config, path: start.path }, (why) => {
    throw new Error(why);
  });
  return reporting({ start, status, eventStore });
}

mosquittoTest('as it happens: by kind, not retained, and for a week at most', async () => {
  const port = await freePort();
  await using _broker = await startMosquitto({ directory, port });
  await using heard = await listening(urlOf(port));
  await using reporter = reporting({ start: startFor({ url: urlOf(port) }), status });
  reporter.telemetry.noteEvent(nowRow('claim'));
  reporter.telemetry.noteEvent(nowRow('transition'));
  reporter.telemetry.noteEvent(nowRow('switch'));
  await eventually('both', () => heard.events().length === 2, WAIT_MS);
  const [first, second] = heard.messages.filter(({ topic }) => topic.includes('/event/'));
  expect([first!.topic, second!.topic]).toEqual([
    `${TOPIC}/event/transition`,
    `${TOPIC}/event/switch`,
  ]);
  expect(first).toMatchObject({
    ...{ retain: false, contentType: 'application/cbor' },
    userProperties: { reason_code: 'carrier_lost', historical: 'false' },
    value: { v: 1, seq: 1, repeated: 0, event: 'transition', historical: false, gap: null },
  });
  expect(first!.expiryS).toBeLessThanOrEqual(604_800);
  expect(first!.expiryS).toBeGreaterThan(604_000);
  await using late = await listening(urlOf(port));
  await eventually('what is retained', () => late.messages.length >= 3, WAIT_MS);
  expect(late.events()).toEqual([]);
});

mosquittoTest(
  'the broker away, the device restarted: all of it later, in order, as history',
  async () => {
    const port = await freePort();
    const broker = await startMosquitto({ directory, port });
    const first = stored(urlOf(port), 'away');
    {
      await using heard = await listening(urlOf(port));
      first.telemetry.noteEvent(nowRow('transition'));
      await eventually('news', () => heard.events().length === 1, WAIT_MS);
    }
    await broker.stop('SIGKILL');
    await eventually('noticed', () => !first.shown().connected, WAIT_MS);
    for (const event of ['transition', 'notice', 'switch'] as const) {
      first.telemetry.noteEvent(nowRow(event));
    }
    await first.telemetry.stop();

    await using _again = await startMosquitto({ directory, port });
    await using heard = await listening(urlOf(port));
    await using second = stored(urlOf(port), 'away');
    second.telemetry.noteEvent(nowRow('transition'));
    await eventually('all', () => heard.events().length === 4, WAIT_MS);
    const all = heard.events();
    expect(all.map(({ seq, event, historical, gap }) => [seq, event, historical, gap])).toEqual([
      [2, 'transition', true, null],
      [3, 'notice', true, null],
      [4, 'switch', true, null],
      [5, 'transition', false, null],
    ]);
    expect(new Set(all.map(({ stream }) => stream)).size).toBe(1);
    expect(new Set(all.map(({ boot }) => boot)).size).toBe(2);
    expect(heard.twin()[0]?.capabilities.event_store_bytes).toBe(1_048_576);
    const files = () => readdirSync(join(directory, 'away', 'events'));
    await eventually(
      'only marks are left',
      () => files().every((name) => /^mark-/.test(name)),
      WAIT_MS,
    );
  },
);

mosquittoTest(
  'a device that is killed again and again: no number twice, none missing untold',
  async () => {
    const port = await freePort();
    await using _broker = await startMosquitto({ directory, port });
    await using heard = await listening(urlOf(port));
    for (let life = 1; life <= 3; life += 1) {
      const before = heard.events().length;
      const argv = [process.execPath, PUBLISHER, urlOf(port), 'json', join(directory, 'killed')];
      await using device = new LabProcess(argv);
      await eventually('events', () => heard.events().length >= before + 90, WAIT_MS);
      device.signal('SIGKILL');
      await device.exited;
    }
    const events = heard.events();
    expect(new Set(events.map(({ stream }) => stream)).size).toBe(1);
    expect(new Set(events.map(({ boot }) => boot)).size).toBe(3);
    const bySeq = new Map<number, HeardEvent>();
    for (const event of events) {
      const known = bySeq.get(event.seq);
      expect(known === undefined || known.boot === event.boot).toBe(true);
      bySeq.set(event.seq, event);
      for (let seq = event.gap?.from_seq ?? 1; seq <= (event.gap?.to_seq ?? 0); seq += 1) {
        expect(event.gap?.why).toBe('cut');
        if (!bySeq.has(seq)) bySeq.set(seq, event);
      }
    }
    expect(bySeq.size).toBe(Math.max(...bySeq.keys()));
  },
);

mosquittoTest(
  'whoever asks for a rebirth gets all that is retained again, soon and not too often',
  async () => {
    const port = await freePort();
    await using _broker = await startMosquitto({ directory, port });
    await using heard = await listening(urlOf(port));
    await using reporter = reporting({
      ...{ start: startFor({ url: urlOf(port) }), status },
      times: { rebirthMs: 1_000 },
    });
    await eventually('published', () => reporter.shown().published === 1, WAIT_MS);
    for (let turn = 0; turn < 20; turn += 1) await heard.ask('rebirth');
    const counts = () =>
      [heard.presence(), heard.twin(), heard.health()].map(({ length }) => length);
    await eventually('once more', () => counts().join() === '2,2,2', WAIT_MS);
    const [before, after] = heard.presence();
    expect(after).toEqual({ ...before!, ts_ms: after!.ts_ms });
    expect(heard.health().map(({ seq }) => seq)).toEqual([1, 2]);
    // Twenty questions within a second have had their one answer.
    await Bun.sleep(1_500);
    expect(counts()).toEqual([2, 2, 2]);
  },
);

mosquittoTest(
  'MQTT 5: a topic goes over the wire once a connection, then as a number',
  async () => {
    const port = await freePort();
    await using _broker = await startMosquitto({ directory, port });
    await using heard = await listening(urlOf(port));
    await using wire = await tapped(port);
    await using reporter = reporting({ start: startFor({ url: urlOf(wire.port) }), status });
    await eventually('published', () => reporter.shown().published === 1, WAIT_MS);
    for (let turn = 1; turn <= 20; turn += 1) {
      reporter.telemetry.noteEvent(nowRow('transition'));
      await eventually('heard', () => heard.events().length === turn, WAIT_MS);
    }
    expect(reporter.shown().protocol).toBe('5.0');
    expect(wire.count(`${TOPIC}/event/transition`)).toBe(1);
    expect(wire.count('carrier_lost')).toBeGreaterThanOrEqual(20);
  },
);

mosquittoTest(
  'MQTT 5: at a broker that takes two at once thirty arrive in order, over one connection',
  async () => {
    const port = await freePort();
    await using broker = await startMosquitto({
      ...{ directory, port },
      lines: ['max_inflight_messages 2'],
    });
    await using heard = await listening(urlOf(port));
    await using reporter = reporting({ start: startFor({ url: urlOf(port) }), status });
    for (let turn = 0; turn < 30; turn += 1) reporter.telemetry.noteEvent(nowRow('transition'));
    await eventually('all', () => reporter.events().sent === 30, WAIT_MS);
    expect(reporter.shown()).toMatchObject({ connected: true, dropped: 0 });
    const joined = broker.stderr.filter((line) => line.includes('as jvpn-gw-7 ('));
    expect(joined.length).toBe(1);
    await eventually('heard', () => heard.events().length === 30, WAIT_MS);
    expect(heard.events().map(({ seq }) => seq)).toEqual([...Array(30).keys()].map((n) => n + 1));
  },
);

/** A way to `port` on which one can count what the client says. */
async function tapped(port: number) {
  const said: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const broker = connect(port, '127.0.0.1');
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    client.on('data', (chunk) => said.push(Buffer.from(chunk)));
    client.pipe(broker).pipe(client);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    count: (text: string) => Buffer.concat(said).toString('latin1').split(text).length - 1,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
