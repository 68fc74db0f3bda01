/**
 * `scripts/simulate`: reads its arguments, runs what they ask for, and says with its exit status how it went.
 *
 * 0 nothing violated, everything replayed, every planted bug noticed; 1 otherwise; 2 wrong arguments.
 *
 * @module
 */
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { commitNow } from '../../../scripts/commit.ts';
import { runCampaign } from '../mutants/campaign.ts';
import { CANARY, MUTANTS, mutantOf } from '../mutants/table.ts';
import { drawScenario } from '../scenario.ts';
import { readScenario } from '../shrink/file.ts';
import { type Arguments, readArguments } from './arguments.ts';
import { Pool } from './pool.ts';
import { nameOf } from './range.ts';
import { runSeeds } from './seeds.ts';
import { runSingle } from './single.ts';
import { plural } from './summary.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MODEL = fileURLToPath(new URL('../model/main.ts', import.meta.url));
/** A few seeds with crashes. */
const CANARY_SEEDS = { first: 1, last: 8 } as const;

export async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === '--model') return runModel(argv.slice(1));
  let work: () => Promise<number>;
  try {
    work = workOf(readArguments(argv));
  } catch (error) {
    console.error(`simulate: ${error instanceof Error ? error.message : error}`);
    console.error('simulate: see scripts/simulate --help');
    return 2;
  }
  return await work();
}

/** @throws Error with a sentence for a person, before anything runs. */
function workOf(given: Arguments): () => Promise<number> {
  const { job, mutant, hasTrace, drawing } = given;
  if (mutant !== null) mutantOf(mutant);
  const workers = given.workers ?? availableParallelism();
  const commit = commitNow(ROOT);
  if (given.json !== null) mustBeWritable(given.json);
  const report = (figures: object) => {
    if (given.json === null) return;
    const text = JSON.stringify({ commit, planted: mutant, ...figures }, null, 2);
    writeFileSync(given.json, `${text}\n`);
  };
  const planted = mutant === null ? '' : `, ${mutant} planted`;
  console.log(`${workOn(job)}, commit ${commit}${planted}, ${plural(workers, 'worker')}`);
  const single = { mutant, hasTrace, drawing };
  switch (job.kind) {
    case 'seeds':
      return async () => {
        using pool = new Pool({ workers, mutant });
        const figures = await runSeeds(pool, job.seeds, mutant);
        report(figures);
        return figures.violations === 0 ? 0 : 1;
      };
    case 'seed':
    case 'scenario': {
      const isSeed = job.kind === 'seed';
      const scenario = isSeed ? drawScenario(job.seed) : readScenario(job.path);
      return async () => {
        using pool = new Pool({ workers, mutant });
        const figures = await runSingle(pool, scenario, { ...single, isExplained: isSeed });
        report(figures);
        return figures.violations === 0 && figures.replays ? 0 : 1;
      };
    }
    case 'mutants':
      return async () => {
        const mutants = mutant === null ? MUTANTS : [mutantOf(mutant)];
        const figures = await runCampaign(mutants, job, workers);
        report(figures);
        return figures.killed === figures.mutants ? 0 : 1;
      };
    case 'canary':
      return async () => {
        using pool = new Pool({ workers, mutant: CANARY });
        const figures = await runSeeds(pool, CANARY_SEEDS, CANARY);
        report(figures);
        const isNoticed = figures.violations > 0;
        console.log(isNoticed ? '\nthe canary was noticed' : '\nTHE CANARY WAS NOT NOTICED');
        return isNoticed ? 0 : 1;
      };
  }
}

/** @throws Error before minutes of work, not after them. */
function mustBeWritable(path: string): void {
  try {
    closeSync(openSync(path, 'a'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`--json cannot be written: ${why}`);
  }
}

function workOn(job: Arguments['job']): string {
  switch (job.kind) {
    case 'seeds':
      return `seeds ${nameOf(job.seeds)}`;
    case 'seed':
      return `seed ${job.seed}`;
    case 'scenario':
      return `scenario ${job.path}`;
    case 'mutants':
      return `mutants over seeds ${nameOf(job.seeds)}`;
    case 'canary':
      return `canary over seeds ${nameOf(CANARY_SEEDS)}`;
  }
}

async function runModel(argv: readonly string[]): Promise<number> {
  if (!existsSync(MODEL)) {
    console.error('simulate: this tree has no ownership model');
    return 1;
  }
  const child = Bun.spawn([process.execPath, MODEL, ...argv], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return await child.exited;
}
