import { expect, test } from 'bun:test';
import { backoffMs } from '../../../hal/backoff.ts';

const LIMITS = { firstMs: 1_000, maxMs: 60_000 };

test('it doubles up to its cap, at most', () => {
  const waits = [1, 2, 3, 6, 7, 100, 100_000].map((failures) => backoffMs(failures, LIMITS, 1));
  expect(waits).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000]);
});

test('the upper half is spread, so that a fleet does not come back at once', () => {
  expect([0, 0.5, 1].map((random) => backoffMs(7, LIMITS, random))).toEqual([
    30_000, 45_000, 60_000,
  ]);
});
