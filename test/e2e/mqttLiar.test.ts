/**
 * Goal: a broker that delivers each message twice, and says of what is new that it was retained and the other way round, changes
 * nothing that a fleet counts, and has a device do nothing twice.
 *
 * Method: `jvpn fleet` as its users start it, the agent's reporter, a real mosquitto on loopback, and between them and it a line that
 * turns every message; once it passes on MQTT 5, once it is as old as 3.1.1. What it turned and repeated is counted, so that the test
 * cannot pass without it. What a device does with documents that come so is tried by `scripts/torture`.
 */
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, expect } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'cbor-x';
import { connectAsync } from 'mqtt';
import { newClock } from '../../hal/linux/clock.ts';
import { startFleetOn } from '../lab/fleet.ts';
import { LyingLine } from '../lab/lyingLine.ts';
import { freePort, mosquittoObstacle, startMosquitto } from '../lab/mosquitto.ts';
import { eventually, type LabProcess } from '../lab/process.ts';
import { eventRow, startFor, statusOn, TOPIC } from '../lab/reporting.ts';
import { reporting, urlOf } from '../lab/witness.ts';
import { testUnless } from '../obstacle.ts';

const WAIT_MS = 15_000;
const TEST_MS = 55_000;
const EVENTS = 20;

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'jvpn-liar-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const mosquittoTest = (name: string, body: () => Promise<void>) =>
  testUnless(mosquittoObstacle, name, body, TEST_MS);

interface Shown {
  readonly online: boolean | null;
  readonly gaps: readonly { readonly stream: string }[];
  readonly events?: { readonly seq: number; readonly missing: number } | null;
}

const VERSIONS = ['5', '3.1.1'] as const;
type Version = (typeof VERSIONS)[number];

/** The versions in which mosquitto was spoken to by clients of this name: "… as NAME (p5, …", and p2 is 3.1.1. */
const spoken = (broker: LabProcess, name: string) =>
  new Set(
    broker.stderr.flatMap((line) => new RegExp(` as ${name}\\S* \\(p(\\d)`).exec(line)?.[1] ?? []),
  );
const inLog = { 5: '5', '3.1.1': '2' } as const satisfies Record<Version, string>;

async function fleetCountsOnce(version: Version): Promise<void> {
  const port = await freePort();
  await using broker = await startMosquitto({ directory, port });
  using line = await new LyingLine(port, version === '3.1.1').listen();
  const history = join(directory, `${version}.sqlite`);
  const clock = newClock();
  {
    await using fleet = await startFleetOn({ directory, brokerPort: line.port, history });
    await using reporter = reporting({
      start: startFor({ url: urlOf(port) }),
      status: async () => statusOn('eth0'),
    });
    for (let time = 0; time < EVENTS; time++) {
      reporter.telemetry.noteEvent(eventRow('transition', clock.monotonicMs()));
    }
    await fleet.shows(
      'all',
      (shown) => (shown as unknown as Shown).events?.seq === EVENTS && shown.online === true,
    );
    const { gaps, events } = (await fleet.device()) as unknown as Shown;
    expect([gaps, events?.missing]).toEqual([[], 0]);
    expect(line.repeated).toBeGreaterThanOrEqual(EVENTS);
    expect(line.turned).toBeGreaterThan(line.repeated);
  }
  using database = new Database(history, { readonly: true });
  const count = database.query(
    'SELECT count(*) AS rows, count(DISTINCT seq) AS numbers FROM events',
  );
  expect(count.get()).toEqual({ rows: EVENTS, numbers: EVENTS });
  expect([...spoken(broker, 'jvpn-fleet')]).toEqual([inLog[version]]);
}

async function deviceSaysOnce(version: Version): Promise<void> {
  const port = await freePort();
  await using _broker = await startMosquitto({ directory, port });
  const asker = await connectAsync(urlOf(port), { protocolVersion: 5 });
  let births = 0;
  asker.on('message', (_topic, payload) => {
    const { online } = decode(payload) as { online: boolean };
    if (online) births += 1;
  });
  await asker.subscribeAsync(`${TOPIC}/presence`, { qos: 1 });
  const ask = (retain: boolean) =>
    asker.publishAsync(`${TOPIC}/rebirth`, 'now', { qos: 1, retain });
  // Retained, and so shown to each connection.
  await ask(true);
  using line = await new LyingLine(port, version === '3.1.1').listen();
  const honest = { start: startFor({ url: urlOf(port) }), status: async () => statusOn('eth0') };
  {
    await using reporter = reporting(honest);
    await eventually('up', () => reporter.shown().published > 0, WAIT_MS);
    await Bun.sleep(1_000);
    expect(births).toBe(1);
  }
  const before = births;
  await using reporter = reporting({ ...honest, start: startFor({ url: urlOf(line.port) }) });
  // The liar calls it new: all is said once more, not each time that it is shown.
  await eventually('a birth, and one more', () => births === before + 2, WAIT_MS);
  // And what is new it calls retained.
  await ask(false);
  await ask(false);
  await Bun.sleep(1_000);
  expect(births).toBe(before + 2);
  expect(line.turned).toBeGreaterThan(0);
  expect(reporter.shown()).toMatchObject({
    connected: true,
    protocol: version === '5' ? '5.0' : version,
  });
  expect(line.refused).toBe(version === '5' ? 0 : 1);
  await asker.endAsync();
}

for (const version of VERSIONS) {
  mosquittoTest(`MQTT ${version}: the fleet counts each event once, and none as missing`, () =>
    fleetCountsOnce(version),
  );
  mosquittoTest(
    `MQTT ${version}: a device says all anew for who asks it now, and not for what a broker shows again`,
    () => deviceSaysOnce(version),
  );
}
