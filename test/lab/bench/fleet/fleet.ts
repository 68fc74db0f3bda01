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
import { browserObstacle, startBrowser } from '../../../browser/visitor.ts';
import { fleetDocumentTopic } from '../../crowd/connection.ts';
import { Crowd } from '../../crowd/crowd.ts';
import { Operator } from '../../crowd/operator.ts';
import { startFleetOn } from '../../fleet.ts';
import { freePort, mosquittoObstacle, startMosquitto } from '../../mosquitto.ts';
import { eventually, run } from '../../process.ts';
import { urlOf } from '../../witness.ts';
import { machineOf } from '../machine.ts';
import type { FleetArguments } from './arguments.ts';
import {
  type FleetFigures,
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
const [PAINTS, UPDATES, STORM_UPDATES, QUERIES] = [7, 200, 60, 15];
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
  onInterrupt(async () => void (await broker.stop()));
  await using operator = await Operator.at(url);
  await using started = await startFleetOn({
    ...{ directory, brokerPort: port, history, broker: { fleet: FLEET } },
    program: [given.binary, 'fleet'],
  });
  const fleet = new FleetUnderTest(started);
  say(`${devices} devices over ${connections} connections`);
  await using crowd = await Crowd.start({
    ...{ url, fleet: FLEET, devices, connections, intervalMs: INTERVAL_MS },
    ...{ signer: operator.publicKey, canaries: 0 },
  });
  await eventually('every device is heard', () => isWhole(fleet, devices), ALL_HEARD_MS);

  say(`${seconds} s without a reader`);
  const alone = await window(fleet, crowd, seconds * 1_000);
  const loadDuring = loadavg()[0] ?? 0;
  say('a reader');
  const browser = await startBrowser();
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
    const target = { level: 'fleet', name: FLEET } as const;
    const topic = fleetDocumentTopic(FLEET);
    const policyDocument = operator.sign({
      ...{ kind: 'policy', target, version: POLICY_VERSION, table: { name: 'bench' } },
    });
    const policy = await reach(fleet, devices, () => operator.publish(topic, policyDocument), {
      of: ({ rollout }) => (rollout?.version === POLICY_VERSION ? rollout.confirmed : 0),
    });
    say('an emergency for all');
    const emergencyDocument = operator.sign({
      ...{ kind: 'emergency', target, version: 1, table: EMERGENCY, lastsS: 3_600 },
    });
    const emergency = await reach(
      fleet,
      devices,
      () => operator.publish(topic, emergencyDocument),
      { of: (overview) => overview.emergency.devices },
    );
    say(`${DAYS} days`);
    const ask = (path: string, stepMs: number | null) => fleet.queryMs(path, DAYS, stepMs);
    const seriesMs = await repeated(QUERIES, () => ask('/api/series', STEP_MS));
    const timelineMs = await repeated(QUERIES, () => ask(`/api/device/${BUSY}/timeline`, null));
    const figures = fleetFiguresOf({
      ...{ given, machine, loadDuring, intervalMs: INTERVAL_MS, connectedS: crowd.tookMs / 1_000 },
      ...{ alone, watched, peakMib: fleet.peakMib(), paints, updatesMs, storm },
      ...{ policy, emergency, history: { bytes: pastBytes, writtenS }, seriesMs, timelineMs },
    });
    for (const line of ['', ...fleetTable(figures)]) say(line);
    return figures;
  } finally {
    await browser.close();
  }
}

async function isWhole(fleet: FleetUnderTest, devices: number): Promise<boolean> {
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

async function reach(
  fleet: FleetUnderTest,
  devices: number,
  act: () => Promise<void>,
  { of }: { of: (overview: Awaited<ReturnType<FleetUnderTest['overview']>>) => number },
): Promise<Reach> {
  const beganMs = performance.now();
  await act();
  let [halfS, reached] = [Number.NaN, 0];
  for (;;) {
    reached = of(await fleet.overview());
    const tookS = (performance.now() - beganMs) / 1_000;
    if (Number.isNaN(halfS) && reached >= devices / 2) halfS = tookS;
    if (reached >= devices || tookS > REACH_MS / 1_000) {
      return { allS: tookS, halfS, devices: reached };
    }
    await Bun.sleep(LOOK_MS);
  }
}

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
