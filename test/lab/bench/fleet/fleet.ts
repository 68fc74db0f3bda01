/**
 * `jvpn fleet` before a fleet of thousands: a real mosquitto, the executable, a crowd of simulated devices, and Chromium.
 *
 * ```text
 *  crowd (one process, agent's own reports and documents) ──MQTT──► mosquitto ──MQTT──► jvpn fleet ──HTTP──► Chromium
 *                                                                       ▲
 *                                                     operator: signed documents
 * ```
 *
 * All on this machine: what crowd, broker and browser take of its cores the fleet does not have.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import type { Overview } from '../../../../fleet/overview.ts';
import { browserObstacle, startBrowser } from '../../../browser/visitor.ts';
import { Crowd } from '../../crowd/crowd.ts';
import { type DocumentStream, documentTopic } from '../../crowd/names.ts';
import { Operator } from '../../crowd/operator.ts';
import { startFleetOn } from '../../fleet.ts';
import { freePort, mosquittoObstacle, startMosquitto } from '../../mosquitto.ts';
import { eventually, run } from '../../process.ts';
import { urlOf } from '../../witness.ts';
import { machineOf } from '../machine.ts';
import type { FleetArguments } from './arguments.ts';
import {
  type FleetFigures,
  type FleetMeasured,
  fleetFiguresOf,
  fleetTable,
  type Reach,
  type Window,
} from './figures.ts';
import { BUSY, DAYS, writePast } from './past.ts';
import { Reader } from './reader.ts';
import { FleetUnderTest } from './server.ts';

const FLEET = 'bench';
const INTERVAL_MS = 10_000;
/** As docs/fleet.md tells whoever runs a broker for many devices. */
const BROKER_LINES = ['max_queued_messages 80000', 'max_inflight_messages 2000'] as const;
const ALL_HEARD_MS = 180_000;
/** As long as a policy may take before it is no rollout any more. */
const REACH_MS = 180_000;
const LOOK_MS = 500;
const [PAINTS, UPDATES, STORM_UPDATES, QUERIES] = [7, 120, 50, 15];
const STORM = { percent: 10, seconds: 20 } as const;
/** What the pages ask for over 30 days: three hours each. */
const STEP_MS = 10_800_000;
const POLICY_VERSION = 8;
/** Chosen: something that an emergency may tighten, and that no rule of the shipped policy speaks against. */
const EMERGENCY = { session: { ttl_ms: 3_600_000 } } as const;

/** What is missing on this machine, or null. */
export const fleetBenchObstacle = mosquittoObstacle ?? browserObstacle;

export async function fleetBench(
  given: FleetArguments,
  onInterrupt: (end: () => Promise<void>) => void,
  say: (line: string) => void,
): Promise<FleetFigures> {
  if (fleetBenchObstacle !== null) throw new Error(fleetBenchObstacle);
  const directory = mkdtempSync(join(tmpdir(), 'jvpn-bench-fleet-'));
  try {
    return await measure(given, directory, onInterrupt, say);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure(
  given: FleetArguments,
  directory: string,
  onInterrupt: (end: () => Promise<void>) => void,
  say: (line: string) => void,
): Promise<FleetFigures> {
  const { devices, connections, seconds } = given;
  const { stdout: version } = await run([given.binary, '--version']);
  const machine = machineOf(version.trim(), new Date());
  const history = join(directory, 'fleet.sqlite');
  say(`writing ${given.historyRows} changes of ${DAYS} days`);
  const [pastBytes, writtenS] = timed(() =>
    writePast({ file: history, devices, rows: given.historyRows, nowMs: Date.now() }),
  );
  const port = await freePort();
  const url = urlOf(port);
  const lines = [...BROKER_LINES];
  await using broker = await startMosquitto({ directory, port, lines, isQuiet: true });
  await using operator = await Operator.at(url);
  let browser: Browser | null = null;
  await using started = await startFleetOn({
    ...{ directory, brokerPort: port, history, broker: { fleet: FLEET } },
    program: [given.binary, 'fleet'],
  });
  onInterrupt(async () => {
    // Whoever waits for one of them fails.
    await Promise.all([started.child.stop(), broker.stop(), browser?.close()]);
  });
  const fleet = new FleetUnderTest(started);
  say(`${devices} devices over ${connections} connections`);
  await using crowd = await Crowd.start({
    ...{ url, fleet: FLEET, devices, connections, intervalMs: INTERVAL_MS },
    ...{ signer: operator.publicKey },
  });
  await eventually('every device is heard', () => isWhole(fleet, devices), ALL_HEARD_MS);

  say(`${seconds} s without a reader`);
  const alone = await window(fleet, crowd, seconds * 1_000);
  const loadDuring = loadavg()[0] ?? 0;
  say('a reader');
  browser = await startBrowser();
  try {
    await using reader = await Reader.at(browser, fleet.url);
    const paints = await reader.paints(PAINTS);
    const before = await begin(fleet, crowd);
    const updatesMs = await reader.updates(crowd, UPDATES);
    const watched = await end(fleet, crowd, before);
    say(`a storm over ${STORM.percent} % of the links`);
    const stormed = await crowd.storm(STORM.percent, STORM.seconds);
    const storm = { devices: stormed, updatesMs: await reader.updates(crowd, STORM_UPDATES) };

    say('a policy for all');
    const reached = await reachAll(fleet, operator, devices, say);
    say(`${DAYS} days`);
    const ask = (path: string, stepMs: number | null) => fleet.queryMs(path, DAYS, stepMs);
    const seriesMs = await repeated(QUERIES, () => ask('/api/series', STEP_MS));
    const timelineMs = await repeated(QUERIES, () => ask(`/api/device/${BUSY}/timeline`, null));
    const figures = fleetFiguresOf({
      ...{ given, machine, loadDuring, intervalMs: INTERVAL_MS, connectedS: crowd.tookMs / 1_000 },
      ...{ alone, watched, peakMib: fleet.peakMib(), paints, updatesMs, storm },
      ...{ ...reached, history: { bytes: pastBytes, writtenS }, seriesMs, timelineMs },
    });
    for (const line of ['', ...fleetTable(figures)]) say(line);
    return figures;
  } finally {
    await browser.close();
  }
}

async function isWhole(fleet: FleetUnderTest, devices: number): Promise<boolean> {
  // An overview of ten thousand devices is work: who asks all the time measures that.
  await Bun.sleep(LOOK_MS);
  const overview = await fleet.overview();
  const inStates = Object.values(overview.states).reduce((sum, count) => sum + count, 0);
  return inStates >= devices && (overview.rollout?.devices ?? 0) >= devices;
}

interface Begun {
  readonly counted: Awaited<ReturnType<FleetUnderTest['count']>>;
}

async function begin(fleet: FleetUnderTest, crowd: Crowd): Promise<Begun> {
  await crowd.count();
  return { counted: await fleet.count() };
}

async function end(fleet: FleetUnderTest, crowd: Crowd, { counted }: Begun): Promise<Window> {
  const after = await fleet.count();
  const tookS = (after.atMs - counted.atMs) / 1_000;
  return {
    messagesPerS: (after.taken - counted.taken) / tookS,
    missing: after.missing - counted.missing,
    cpuPercent: (100 * (after.cpuS - counted.cpuS)) / tookS,
    crowdLateMs: (await crowd.count()).late,
  };
}

async function window(fleet: FleetUnderTest, crowd: Crowd, forMs: number): Promise<Window> {
  const begun = await begin(fleet, crowd);
  await Bun.sleep(forMs);
  return end(fleet, crowd, begun);
}

/** A policy for the whole fleet, then an emergency. */
async function reachAll(
  fleet: FleetUnderTest,
  operator: Operator,
  devices: number,
  say: (line: string) => void,
): Promise<Pick<FleetMeasured, 'followed' | 'confirmed' | 'emergency'>> {
  const target = { level: 'fleet', name: FLEET } as const;
  const policy = operator.sign({
    ...{ kind: 'policy', target, version: POLICY_VERSION, table: { name: 'bench' } },
  });
  const of = ({ rollout }: Overview) => (rollout?.version === POLICY_VERSION ? rollout : null);
  const push = (stream: DocumentStream, document: Uint8Array) => () =>
    operator.publish(documentTopic(FLEET, stream), document);
  const [followed = NOWHERE, confirmed = NOWHERE] = await reach(
    fleet,
    devices,
    push('policy', policy),
    [
      (overview) => (of(overview)?.on_trial ?? 0) + (of(overview)?.confirmed ?? 0),
      (overview) => of(overview)?.confirmed ?? 0,
    ],
  );
  say('an emergency for all');
  const tightened = operator.sign({
    ...{ kind: 'emergency', target, version: 1, table: EMERGENCY, lastsS: 3_600 },
  });
  const isHeld = (overview: Overview) => overview.emergency.devices;
  const [emergency = NOWHERE] = await reach(fleet, devices, push('emergency', tightened), [isHeld]);
  return { followed, confirmed, emergency };
}

/** Until each of `counts` has come to all devices, or it takes too long. */
async function reach(
  fleet: FleetUnderTest,
  devices: number,
  act: () => Promise<void>,
  counts: readonly ((overview: Overview) => number)[],
): Promise<readonly Reach[]> {
  const beganMs = performance.now();
  await act();
  let reached: readonly Reach[] = counts.map(() => NOWHERE);
  for (;;) {
    const overview = await fleet.overview();
    const tookS = (performance.now() - beganMs) / 1_000;
    const first = (known: number, isNow: boolean) => (Number.isNaN(known) && isNow ? tookS : known);
    reached = counts.map((count, at) => {
      const [now, { allS, halfS }] = [count(overview), reached[at]!];
      const isHalf = 2 * now >= devices;
      return { devices: now, allS: first(allS, now >= devices), halfS: first(halfS, isHalf) };
    });
    const isDone = reached.every(({ allS }) => !Number.isNaN(allS));
    if (isDone || tookS > REACH_MS / 1_000) return reached;
    await Bun.sleep(LOOK_MS);
  }
}

const NOWHERE: Reach = { devices: 0, allS: Number.NaN, halfS: Number.NaN };

async function repeated(times: number, work: () => Promise<number>): Promise<number[]> {
  const found: number[] = [];
  for (let at = 0; at < times; at++) found.push(await work());
  return found;
}

function timed<T>(work: () => T): [value: T, seconds: number] {
  const beganMs = performance.now();
  const value = work();
  return [value, (performance.now() - beganMs) / 1_000];
}
