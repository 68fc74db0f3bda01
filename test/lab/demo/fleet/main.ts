/**
 * The demo of a fleet: simulated devices before a real broker and the executable's `jvpn fleet`, steered by signed documents.
 *
 * ```text
 * main.ts --binary FILE --fleet N [--json FILE] [--report NAME] [--keep]
 * ```
 *
 * Everything is on loopback. Exit status: 0 all as it should be, 1 a step did not happen, 2 wrong arguments, 130 interrupted.
 *
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Overview } from '../../../../fleet/overview.ts';
import { Crowd } from '../../crowd/crowd.ts';
import { startFleetOn } from '../../fleet.ts';
import { freePort, mosquittoObstacle, startMosquitto } from '../../mosquitto.ts';
import { run } from '../../process.ts';
import { urlOf } from '../../witness.ts';
import { type FleetDemoArguments, readFleetDemoArguments } from './arguments.ts';
import { Pusher } from './push.ts';
import { CANARY_PERCENT, type FleetDemoFigures, play } from './scenario.ts';

const FLEET = 'demo';
/** A policy's shortest would be a fleet that does nothing else (chosen: a list that moves while somebody looks). */
const INTERVAL_MS = 5_000;
/** A device has a connection of its own up to here. */
const CONNECTIONS_MAX = 1_000;
/** A device that is DEGRADED proves nothing until it is ATTACHED again. */
const STEP_MAX_S = 70;
const LOOK_MS = 200;

class Interrupted extends Error {}

const say = (line: string) => console.log(line);

async function main(given: FleetDemoArguments): Promise<number> {
  if (mosquittoObstacle !== null) throw new Error(mosquittoObstacle);
  const directory = mkdtempSync(join(tmpdir(), 'jvpn-demo-fleet-'));
  const signals = new Signals();
  const history = join(directory, 'fleet.sqlite');
  try {
    const figures = await Promise.race([show(given, directory, history, signals), signals.first]);
    await report(given, history);
    if (given.json !== null) {
      writeFileSync(given.json, `${JSON.stringify(figures, null, 2)}\n`);
    }
    return 0;
  } catch (error) {
    if (error instanceof Interrupted) return 130;
    throw error;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** All of it, until it is over; the history is closed when it returns. */
async function show(
  { binary, devices, isKept }: FleetDemoArguments,
  directory: string,
  history: string,
  signals: Signals,
): Promise<FleetDemoFigures> {
  const { stdout: version } = await run([binary, '--version']);
  say(`${version.trim()}: ${devices} simulated devices, a mosquitto and jvpn fleet on loopback.`);
  say(
    'Reports and documents are made and judged by the agent’s own code; there is no tunnel behind them.',
  );
  const port = await freePort();
  const url = urlOf(port);
  const lines = [`max_queued_messages ${10 * devices + 1_000}`, 'max_inflight_messages 1000'];
  await using _broker = await startMosquitto({ directory, port, lines, isQuiet: true });
  const echo = (line: string) => say(`  jvpn policy push: ${line}`);
  await using pusher = new Pusher({ binary, directory, url, fleet: FLEET, say: echo });
  await using fleet = await startFleetOn({
    ...{ directory, brokerPort: port, history, broker: { fleet: FLEET } },
    ...{ program: [binary, 'fleet'], hasLogin: false },
  });
  say(`\ndashboard: ${fleet.url}\n`);
  const canaries = Math.ceil((devices * CANARY_PERCENT) / 100);
  await using crowd = await Crowd.start({
    ...{ url, fleet: FLEET, devices, connections: Math.min(devices, CONNECTIONS_MAX) },
    ...{ intervalMs: INTERVAL_MS, signer: pusher.publicKey },
  });
  const until = async (what: string, fits: (overview: Overview) => boolean) => {
    const beganMs = performance.now();
    for (;;) {
      const overview = (await (await fleet.get('/api/overview')).json()) as Overview;
      const tookS = (performance.now() - beganMs) / 1_000;
      if (fits(overview)) return { overview, tookS };
      if (tookS > STEP_MAX_S) throw new Error(`waited ${STEP_MAX_S} s for ${what}, in vain`);
      await Bun.sleep(LOOK_MS);
    }
  };
  const { tookS } = await until('every device to report', ({ states }) => {
    return Object.values(states).reduce((sum, count) => sum + count, 0) >= devices;
  });
  say(`every device has reported, ${tookS.toFixed(1)} s after all were connected`);
  const heading = (line: string) => say(`\n${line}`);
  const stage = { devices, canaries, crowd, pusher, until, say, heading };
  const figures = await play(stage);
  if (isKept) {
    say(`\nkept until it is interrupted: ${fleet.url}`);
    await signals.asked();
  }
  return figures;
}

/** By the command that anybody has, from the history alone. */
async function report(
  { binary, report: name }: FleetDemoArguments,
  history: string,
): Promise<void> {
  const argv = ['report', '--database', history, '--html', `${name}.html`];
  const { stdout } = await run([binary, ...argv]);
  writeFileSync(`${name}.md`, stdout);
  say(`\nreport: ${name}.md, ${name}.html`);
}

/** An interrupt ends the demo; once it is asked for, it is what was waited for. */
class Signals {
  /** Rejects at one that nobody asked for. */
  readonly first: Promise<never>;
  #onSignal: () => void;

  constructor() {
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {});
    this.first = promise;
    this.#onSignal = () => reject(new Interrupted());
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => this.#onSignal());
  }

  asked(): Promise<void> {
    return new Promise((resolve) => {
      this.#onSignal = resolve;
    });
  }
}

function given(): FleetDemoArguments {
  try {
    return readFleetDemoArguments(process.argv.slice(2));
  } catch (error) {
    console.error(`demo: ${(error as Error).message}; see scripts/demo --help`);
    process.exit(2);
  }
}

process.exit(
  await main(given()).catch((error: Error) => {
    console.error(`demo: ${error.message}`);
    return 1;
  }),
);
