/** Goal: a run that takes its process with it is a finding with its seed, and the others still run. */
import { expect, test } from 'bun:test';
import { fileURLToPath } from 'node:url';
import { Pool } from '../../sim/cli/pool.ts';
import { taskOf } from '../../sim/cli/task.ts';

const BAD_WORKER = fileURLToPath(new URL('badWorker.ts', import.meta.url));

test('a crash and a hang cost one seed each', async () => {
  using pool = new Pool({ workers: 2, worker: BAD_WORKER, limitMs: 1_000 });
  const runs = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => pool.run(taskOf(seed))));
  expect(runs.map(({ seed }) => seed)).toEqual([1, 2, 3, 4, 5, 6]);
  const [, crashed, hung, ...others] = runs;
  expect(crashed!.violations).toEqual([
    {
      invariant: 'crash',
      checker: 'process',
      sentence: 'the process that ran it ended with 3: seed two is too much',
      atMs: 0,
    },
  ]);
  expect(hung!.violations[0]).toMatchObject({ invariant: 'spin', checker: 'time limit' });
  expect(others.flatMap(({ violations }) => violations)).toEqual([]);
});

test('no more processes than asked for', async () => {
  using pool = new Pool({ workers: 2, worker: BAD_WORKER });
  const runs = await Promise.all([10, 11, 12, 13, 14, 15].map((seed) => pool.run(taskOf(seed))));
  expect(new Set(runs.map(({ hash }) => hash)).size).toBeLessThanOrEqual(2);
});

test('a worker that cannot start is an error, not a finding', async () => {
  using pool = new Pool({ workers: 1, mutant: 'no-such-mutant' });
  await expect(pool.run(taskOf(1))).rejects.toThrow('there is no mutant "no-such-mutant"');
});
