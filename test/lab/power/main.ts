/**
 * `scripts/power-cuts`: cuts the power of a real ext4 under the device's memory, its event store and the hub's store.
 *
 * ```text
 * main.ts [--copies N] [--saves N] [--seed N] [--json FILE]
 * ```
 *
 * Exit status: 0 nothing that was acknowledged got lost and every control lost something, 1 otherwise, 2 wrong arguments.
 *
 * @module
 */
import { mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { monotonicMs } from '../libc.ts';
import { outputFile } from '../outputFile.ts';
import { run } from '../process.ts';
import { countOf } from './arguments.ts';
import { powerObstacle } from './obstacle.ts';
import { faultsOf, figuresOf, tableOf } from './report.ts';
import type { TrialFigures } from './trial.ts';
import { type Effort, play, TRIALS } from './trials.ts';

const INSIDE = 'JVPN_POWER_INSIDE';

interface Arguments extends Effort {
  readonly json: string | null;
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        ...{ copies: { type: 'string' }, saves: { type: 'string' } },
        ...{ seed: { type: 'string' }, json: { type: 'string' } },
      },
    });
    return {
      copies: countOf('--copies', values.copies, 60, 10_000),
      saves: countOf('--saves', values.saves, 1_000, 20_000),
      seed: countOf('--seed', values.seed, 1, 2 ** 31),
      json: outputFile('--json', values.json),
    };
  } catch (error) {
    console.error(`power-cuts: ${(error as Error).message}; see scripts/power-cuts --help`);
    process.exit(2);
  }
}

async function main(given: Arguments): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'jvpn-power-'));
  await run(['mount', '-t', 'tmpfs', 'none', folder]);
  const all: TrialFigures[] = [];
  const startedAtMs = monotonicMs();
  try {
    for (const [at, trial] of TRIALS.entries()) {
      const work = join(folder, String(at));
      all.push(await play(trial, work, given, progress(trial.name, given.copies)));
      // Its images are of no use any more, and memory is.
      await run(['rm', '-rf', work]);
    }
  } finally {
    await run(['umount', folder]);
    rmdirSync(folder);
  }
  const seconds = (monotonicMs() - startedAtMs) / 1_000;
  for (const line of tableOf(TRIALS, all)) console.log(line);
  const faults = faultsOf(TRIALS, all);
  for (const fault of faults) console.error(`power-cuts: ${fault}`);
  console.log(`seed ${given.seed}, ${seconds.toFixed(0)} s`);
  if (given.json !== null) {
    const figures = figuresOf(TRIALS, all, given.seed, seconds);
    writeFileSync(given.json, `${JSON.stringify(figures, null, 2)}\n`);
  }
  return faults.length === 0 ? 0 : 1;
}

/** One line that is written over on a terminal; elsewhere one for each trial. */
function progress(name: string, copies: number): (done: number) => void {
  const isTerminal = process.stderr.isTTY === true;
  if (!isTerminal) console.error(`power-cuts: ${name}`);
  return (done) => {
    if (isTerminal)
      process.stderr.write(
        `\r\x1b[K${name}: ${done}/${copies}${done === copies ? '\r\x1b[K' : ''}`,
      );
  };
}

const given = readArguments();
if (process.env[INSIDE] !== '1') {
  const obstacle = await powerObstacle();
  if (obstacle !== null) {
    console.error(`power-cuts: cannot run here: ${obstacle}`);
    process.exit(1);
  }
  const argv = ['unshare', '-m', '--propagation', 'private', '--', ...process.argv];
  const inside = Bun.spawn(argv, {
    stdio: ['inherit', 'inherit', 'inherit'],
    env: { ...process.env, [INSIDE]: '1' },
  });
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => inside.kill(name));
  process.exit(await inside.exited);
}
process.exit(await main(given));
