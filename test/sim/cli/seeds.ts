/**
 * Many seeds over worker processes.
 *
 * @module
 */
import { drawScenario } from '../scenario.ts';
import { explain, sentenceOf } from './failure.ts';
import type { Pool } from './pool.ts';
import { Progress } from './progress.ts';
import { countOf, nameOf, type Range, seedsOf } from './range.ts';
import { type Figures, figuresOf, linesOf } from './summary.ts';
import { type Ran, taskOf } from './task.ts';

/** More explanations than this nobody reads. */
const EXPLAINED_MAX = 3;
const LISTED_MAX = 20;

export async function runSeeds(pool: Pool, seeds: Range, mutant: string | null): Promise<Figures> {
  const progress = new Progress('seeds', countOf(seeds));
  const runs = await Promise.all(
    seedsOf(seeds).map(async (seed) => {
      const ran = await pool.run(taskOf(seed));
      progress.step(ran.violations.length > 0);
      return ran;
    }),
  );
  progress.end();
  const figures = figuresOf(runs, progress.seconds, pool.size);
  for (const line of linesOf(figures, nameOf(seeds))) console.log(line);
  await explainSome(pool, runs, mutant);
  return figures;
}

async function explainSome(pool: Pool, runs: readonly Ran[], mutant: string | null) {
  const bad = runs.flatMap(({ seed, violations: [first] }) =>
    first === undefined ? [] : [{ seed, violation: first }],
  );
  for (const { seed, violation } of bad.slice(0, LISTED_MAX)) {
    console.log(`seed ${String(seed).padEnd(10)} ${sentenceOf(violation)}`);
  }
  if (bad.length > LISTED_MAX) console.log(`and ${bad.length - LISTED_MAX} more seeds`);
  const told = new Set<string>();
  for (const { seed, violation } of bad) {
    const kind = `${violation.invariant} ${violation.checker}`;
    if (told.has(kind) || told.size >= EXPLAINED_MAX) continue;
    told.add(kind);
    await explain(pool, drawScenario(seed), violation, mutant);
  }
}
