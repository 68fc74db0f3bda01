/**
 * The demo: one session that outlives its links, on real kernel interfaces in namespaces of their own.
 *
 * ```text
 * main.ts --binary FILE [--json FILE]
 * ```
 *
 * Exit status: 0 all as it should be, 1 a flow broke, an invariant was violated or a step did not happen, 2 wrong
 * arguments, 130 interrupted. What the daemons wrote is kept unless it is 0.
 *
 * @module
 */
import { accessSync, constants, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { AuditRow } from '../../../hal/linux/auditLog.ts';
import { outputFile } from '../outputFile.ts';
import { ensureLab, isInsideRootless } from '../rootless.ts';
import { topology } from '../topology.ts';
import { conclude } from './outcome.ts';
import { Parties } from './parties.ts';
import { play, STEPS } from './scenario.ts';
import { Stage } from './stage.ts';
import { faultsOf, figuresOf, type Measured, summaryOf } from './summary.ts';
import { isColourWanted, Timeline } from './timeline.ts';

/** Each way; the round trip is twice that. */
const DELAYS = { eth0: { delayMs: 5 }, wlan0: { delayMs: 10 }, wwan0: { delayMs: 25 } } as const;
const ATTACH_MAX_MS = 20_000;
const LAST_EVENTS = 8;

interface Arguments {
  readonly binary: string;
  readonly json: string | null;
}

class Interrupted extends Error {}

/** Paths are meant as they were typed: the working directory changes later. */
function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: { binary: { type: 'string' }, json: { type: 'string' } },
    });
    if (values.binary === undefined) throw new Error('--binary FILE is missing');
    const binary = resolve(values.binary);
    accessSync(binary, constants.X_OK);
    return { binary, json: outputFile('--json', values.json) };
  } catch (error) {
    console.error(`demo: ${(error as Error).message}; see scripts/demo --help`);
    process.exit(2);
  }
}

async function main({ binary, json }: Arguments): Promise<number> {
  const timeline = new Timeline(
    (line) => console.log(line),
    isColourWanted(process.stdout.isTTY === true, process.env['NO_COLOR']),
  );
  introduce(timeline);
  await using net = await topology({ impair: DELAYS });
  const parties = new Parties(net, binary);
  const stage = new Stage(parties, timeline);
  try {
    const measured = await Promise.race([run(stage), interruption()]);
    stage.fallSilent();
    timeline.heading('Summary');
    for (const line of summaryOf(measured)) timeline.text(line);
    if (json !== null) writeFileSync(json, `${JSON.stringify(figuresOf(measured), null, 2)}\n`);
    const faults = faultsOf(measured);
    if (faults.length > 0) return fail(timeline, parties, faults);
    await parties.site[Symbol.asyncDispose]();
    return 0;
  } catch (error) {
    stage.fallSilent();
    if (error instanceof Interrupted) {
      await parties.site[Symbol.asyncDispose]();
      return 130;
    }
    return fail(timeline, parties, [error instanceof Error ? error.message : String(error)]);
  }
}

function introduce(timeline: Timeline): void {
  for (const line of [
    'A device with eth0 (10 ms round trip), wlan0 (20 ms) and wwan0 (50 ms, behind a NAT), a hub, and a server',
    'behind the hub. Through the tunnel run, all the time: one TCP transfer, a UDP flow of 50 packets/s each way,',
    'and health reports over MQTT. Policy: the defaults, but failback_stable_ms = 3000 instead of 30000.',
    isInsideRootless() ? 'Without root, in a user namespace.' : 'As root.',
    'gap ms: longest time without a datagram, of the worse direction. lost: datagrams, both directions.',
  ]) {
    timeline.text(line);
  }
}

async function run(stage: Stage): Promise<Measured> {
  const { parties, timeline } = stage;
  timeline.text(await parties.version());
  timeline.text('');
  timeline.begin();
  await parties.start();
  await stage.untilAttached('eth0', 0, ATTACH_MAX_MS);
  await parties.startFlows();
  await stage.untilSettled();
  const cuts = [];
  for (const [index, step] of STEPS.entries()) {
    timeline.heading(`${index + 1} ${step.title}`);
    cuts.push(await play(stage, step));
  }
  return conclude(stage, cuts);
}

function interruption(): Promise<never> {
  return new Promise((_, reject) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.once(name, () => reject(new Interrupted(name)));
    }
  });
}

function fail(timeline: Timeline, parties: Parties, faults: readonly string[]): number {
  timeline.heading('NOT AS IT SHOULD BE');
  for (const fault of faults) timeline.text(timeline.style('red', fault));
  const feeds = { device: parties.agentFeed, hub: parties.hubFeed };
  for (const [name, feed] of Object.entries(feeds)) {
    timeline.text(`\nlast events of the ${name}:`);
    for (const row of feed.rows.slice(-LAST_EVENTS)) timeline.text(`  ${eventText(row)}`);
  }
  parties.writeLogs();
  timeline.text(`\nconfiguration, state and logs are kept in ${parties.site.folder}`);
  return 1;
}

function eventText(row: AuditRow): string {
  const { seq, event, from, to, reason_code, state_version, transport } = row;
  const move = from === null || to === null ? '' : `${from} → ${to}`;
  const facts = `${reason_code} version ${state_version} ${transport ?? ''}`;
  return `${String(seq).padStart(3)} ${event.padEnd(10)} ${move} ${facts} ${JSON.stringify(row.detail)}`;
}

const given = readArguments();
await ensureLab();
process.exit(
  await main(given).catch((error: Error) => {
    console.error(`demo: the lab could not be built: ${error.message}`);
    return 1;
  }),
);
