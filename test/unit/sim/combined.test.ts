/** Goal: many runs give one figure that says nothing about which worker ran what when. */
import { expect, test } from 'bun:test';
import { combinedHash, totalsOf } from '../../sim/cli/combined.ts';
import type { Ran } from '../../sim/cli/task.ts';
import type { Violation } from '../../sim/outcome.ts';

const VIOLATION: Violation = { invariant: 'I4', checker: 'c', sentence: 's', atMs: 1 };

function ran(seed: number, hash: string, link: number, violations: Violation[] = []): Ran {
  const coverage = { faults: { link }, fates: {}, states: {}, reasons: {}, moments: { [hash]: 1 } };
  const counts = { simulatedMs: 1_000, events: 10, commits: 2, backAfterMs: 1_000, delivered: 3 };
  return { seed, hash, violations, coverage, trace: [], ...counts };
}

test('the hash is over seeds and hashes in the order of the seeds', () => {
  const runs = [ran(1, 'aa', 1), ran(2, 'bb', 1), ran(10, 'cc', 1)];
  const hash = combinedHash(runs);
  expect(hash).toMatch(/^[0-9a-f]{16}$/);
  expect(combinedHash([runs[2]!, runs[0]!, runs[1]!])).toBe(hash);
  expect(combinedHash([ran(1, 'bb', 1), ran(2, 'aa', 1), ran(10, 'cc', 1)])).not.toBe(hash);
  expect(combinedHash([ran(1, 'aa', 1), ran(2, 'bb', 1)])).not.toBe(hash);
  expect(combinedHash([ran(1, 'aa', 1), ran(2, 'bb', 1), ran(11, 'cc', 1)])).not.toBe(hash);
});

test('totals add up, and a run counts once however much it violates', () => {
  const totals = totalsOf([
    ran(2, 'bb', 5, [VIOLATION, VIOLATION]),
    ran(1, 'aa', 2),
    ran(3, 'bb', 0, [VIOLATION]),
  ]);
  expect(totals).toMatchObject({
    runs: 3,
    violated: 2,
    violations: 3,
    simulatedMs: 3_000,
    events: 30,
    commits: 6,
    delivered: 9,
    coverage: { faults: { link: 7 }, moments: { bb: 2, aa: 1 } },
  });
});
