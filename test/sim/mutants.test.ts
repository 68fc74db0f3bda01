/**
 * Goal: planted bugs are noticed, the one of the canary with certainty, and what shows one is small.
 * Method: a few mutants of the table in worker processes of their own, over seeds until one shows it;
 * `scripts/simulate --mutants` tries all of them over more seeds.
 */
import { expect, test } from 'bun:test';
import { Pool } from './cli/pool.ts';
import { type Ran, taskOf, taskOfScenario } from './cli/task.ts';
import { CANARY } from './mutants/table.ts';
import { drawScenario } from './scenario.ts';
import { shrink } from './shrink/shrink.ts';

const SEEDS_MAX = 40;
const TEST_MS = 60_000;
const LIMITS = { runsMax: 60, wallMs: 25_000 } as const;

/** The first run that shows what is planted. */
async function firstNoticed(pool: Pool): Promise<Ran> {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const ran = await pool.run(taskOf(seed));
    if (ran.violations.length > 0) return ran;
  }
  throw new Error(`${SEEDS_MAX} seeds show nothing`);
}

test(
  'canary: a device that forgets its versions is noticed, and a handful of faults shows it',
  async () => {
    using pool = new Pool({ workers: 2, mutant: CANARY });
    const { seed, violations } = await firstNoticed(pool);
    const [violation] = violations;
    expect(violation?.invariant).toBe('I4');
    const run = (scenario: Parameters<typeof taskOfScenario>[0]) =>
      pool.run(taskOfScenario(scenario));
    const { scenario } = await shrink(drawScenario(seed), violation!, run, 2, LIMITS);
    expect(scenario.faults.length).toBeLessThanOrEqual(4);
    const again = await run(scenario);
    expect(again.violations.map(({ checker }) => checker)).toContain(violation!.checker);
  },
  TEST_MS,
);

const SLICE = ['data-before-secret-durable', 'nonce-used-again', 'seat-no-new-epoch'];

for (const mutant of SLICE) {
  test(
    `${mutant} is noticed`,
    async () => {
      using pool = new Pool({ workers: 1, mutant });
      expect((await firstNoticed(pool)).violations.length).toBeGreaterThan(0);
    },
    TEST_MS,
  );
}
