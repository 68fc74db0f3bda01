/**
 * The bench: jvpn on real kernel interfaces in namespaces of their own, beside its peers or over a bad link.
 *
 * ```text
 * main.ts throughput --binary FILE [--json FILE] [--svg FILE] [--rounds N] [--seconds S] [--only NAME,…] [--quick]
 * main.ts idle --binary FILE [--json FILE] [--minutes M] [--profile NAME,…] [--settle-seconds S] [--asleep]
 * main.ts failover --binary FILE [--json FILE] [--svg FILE] [--resume FILE] [--rounds N] [--only CLASS,…] [--rtt MS,…]
 *                  [--lanes auto|1|2] [--no-peers] [--seed N] [--quick]
 * main.ts integrity --binary FILE [--json FILE] [--gigabytes N] [--loss-percent P | --clean] [--only PART,…] [--seed N]
 * main.ts verdicts --binary FILE [--json FILE] [--minutes M] [--seed N]
 * main.ts fleet --binary FILE [--json FILE] [--devices N] [--connections C] [--seconds S] [--history-rows N]
 * ```
 *
 * Exit status: 0 measured, 1 a measurement failed, what arrived is not what was sent or a verdict was false, 2 wrong arguments, 130
 * interrupted.
 *
 * @module
 */
import { accessSync, constants, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ensureLab, isInsideRootless } from '../rootless.ts';
import { type Arguments, obstaclesOf, readArguments } from './arguments.ts';
import { cable } from './cable.ts';
import { chartOf } from './chart.ts';
import {
  type FailoverArguments,
  failoverObstaclesOf,
  readFailoverArguments,
} from './failover/arguments.ts';
import { FailoverRun } from './failover/failover.ts';
import { hasMeasuredAll } from './failover/figures.ts';
import { goalsOf } from './failover/goals.ts';
import { plotOf } from './failover/plot.ts';
import { failoverTableOf } from './failover/table.ts';
import { type FleetArguments, fleetObstaclesOf, readFleetArguments } from './fleet/arguments.ts';
import { fleetBench } from './fleet/fleet.ts';
import { type IdleArguments, readIdleArguments } from './idle/arguments.ts';
import { idle } from './idle/idle.ts';
import { type IntegrityArguments, readIntegrityArguments } from './integrity/arguments.ts';
import { integrity } from './integrity/integrity.ts';
import { LossyCable } from './integrity/lossyCable.ts';
import { buildNoCipher } from './jvpn.ts';
import { untilQuiet } from './quiet.ts';
import { tableOf } from './table.ts';
import { throughput } from './throughput.ts';
import { readVerdictsArguments, type VerdictsArguments } from './verdicts/arguments.ts';
import { verdicts } from './verdicts/verdicts.ts';

/** Reads its arguments, and later does it. */
interface Bench {
  /** Touches no network but loopback, and needs no namespaces. */
  readonly isOutside?: boolean;
  /** With these arguments its figures can be published, but not when somebody else has had the CPUs. */
  readonly wantsQuiet?: boolean;
  /** Outside of namespaces. */
  prepare(): Promise<void>;
  /** Its exit status. `onInterrupt` names what has to end for it to fail. */
  run(onInterrupt: (end: () => Promise<void>) => void): Promise<number>;
}

/** A run in which nothing goes wrong, for what the arguments alone say. */
const SOME_COMMIT = '0000000';
const FLAWLESS = {
  ...{ commit: SOME_COMMIT, load: 0, controlGapMsP95: 0, failed: 0 },
  absent: [],
};

function throughputBench(given: Arguments): Bench {
  return {
    wantsQuiet: obstaclesOf(given, { commit: SOME_COMMIT, load: 0 }).length === 0,
    async prepare() {
      if (given.only.includes('jvpn_nocipher')) await buildNoCipher();
    },
    async run(onInterrupt) {
      await using net = await cable();
      onInterrupt(() => net.interrupt());
      const figures = await throughput(net, given, console.log);
      for (const line of ['', ...tableOf(figures)]) console.log(line);
      writeJson(given.json, figures);
      if (given.svg !== null) writeFileSync(given.svg, chartOf(figures));
      return 0;
    },
  };
}

function failoverBench(given: FailoverArguments): Bench {
  return {
    wantsQuiet: failoverObstaclesOf(given, FLAWLESS).length === 0,
    async prepare() {},
    async run(onInterrupt) {
      const bench = new FailoverRun(given, console.log);
      onInterrupt(() => bench.interrupt());
      const figures = await bench.run();
      const goals = goalsOf(figures);
      for (const line of ['', ...failoverTableOf(figures, goals)]) console.log(line);
      writeJson(given.json, { ...figures, goals });
      if (given.svg !== null) writeFileSync(given.svg, plotOf(figures));
      return hasMeasuredAll(figures, given) ? 0 : 1;
    },
  };
}

function integrityBench(given: IntegrityArguments): Bench {
  return {
    async prepare() {},
    async run(onInterrupt) {
      await using net = await LossyCable.create(given.seed);
      onInterrupt(() => net.cable.interrupt());
      const figures = await integrity(net, given, console.log);
      writeJson(given.json, figures);
      return figures.intact ? 0 : 1;
    },
  };
}

function idleBench(given: IdleArguments): Bench {
  return {
    async prepare() {},
    async run(onInterrupt) {
      writeJson(given.json, await idle(given, onInterrupt, console.log));
      return 0;
    },
  };
}

function verdictsBench(given: VerdictsArguments): Bench {
  return {
    async prepare() {},
    async run(onInterrupt) {
      const figures = await verdicts(given, onInterrupt, console.log);
      writeJson(given.json, figures);
      return figures.goals.every(({ isReached }) => isReached) ? 0 : 1;
    },
  };
}

function measuredFleet(given: FleetArguments): Bench {
  return {
    isOutside: true,
    wantsQuiet: fleetObstaclesOf(given, 0).length === 0,
    async prepare() {},
    async run(onInterrupt) {
      writeJson(given.json, await fleetBench(given, onInterrupt, console.log));
      return 0;
    },
  };
}

function writeJson(path: string | null, figures: object): void {
  if (path !== null) writeFileSync(path, `${JSON.stringify(figures, null, 2)}\n`);
}

function given(): Bench {
  const [subcommand = '', ...argv] = process.argv.slice(2);
  try {
    switch (subcommand) {
      case 'throughput':
        return throughputBench(withBinary(readArguments(argv)));
      case 'idle':
        return idleBench(withBinary(readIdleArguments(argv)));
      case 'failover':
        return failoverBench(withBinary(readFailoverArguments(argv)));
      case 'integrity':
        return integrityBench(withBinary(readIntegrityArguments(argv)));
      case 'verdicts':
        return verdictsBench(withBinary(readVerdictsArguments(argv)));
      case 'fleet':
        return measuredFleet(withBinary(readFleetArguments(argv)));
      default:
        throw new Error(`no subcommand "${subcommand}"`);
    }
  } catch (error) {
    console.error(`bench: ${(error as Error).message}; see scripts/bench --help`);
    process.exit(2);
  }
}

function withBinary<T extends { readonly binary: string }>(read: T): T {
  const binary = resolve(read.binary);
  accessSync(binary, constants.X_OK);
  return { ...read, binary };
}

async function main(bench: Bench): Promise<number> {
  let isInterrupted = false;
  let end = async () => {};
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      isInterrupted = true;
      // What is being measured fails, and everything is cleaned up on the way out.
      void end();
    });
  }
  try {
    if (bench.wantsQuiet === true) await untilQuiet(console.log, () => isInterrupted);
    if (isInterrupted) return 130;
    return await bench.run((interrupt) => {
      end = interrupt;
    });
  } catch (error) {
    if (isInterrupted) return 130;
    console.error(`bench: ${(error as Error).message}`);
    return 1;
  }
}

const bench = given();
// Outside of namespaces, where the compiler may find what it needs; and once.
if (!isInsideRootless()) await bench.prepare();
if (bench.isOutside !== true) await ensureLab();
process.exit(await main(bench));
