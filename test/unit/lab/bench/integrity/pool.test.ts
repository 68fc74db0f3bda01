import { expect, test } from 'bun:test';
import { logUniform, newPool, placeOf } from '../../../../lab/bench/integrity/pool.ts';
import { newRandom } from '../../../../lab/random.ts';

test('content follows from its seed, and repeats nothing', () => {
  const head = (seed: number) => newPool(seed).bytes.slice(0, 4096);
  const once = head(1);
  expect(head(1)).toEqual(once);
  expect(head(2)).not.toEqual(once);
  expect(new Set(new Uint32Array(once.buffer)).size).toBe(1024);
});

test('sizes: all within their bounds, as many below the middle doubling as above', () => {
  const random = newRandom(1, 'sizes');
  const sizes = Array.from({ length: 10_000 }, () => logUniform(random, 1, 65_536));
  expect(Math.min(...sizes)).toBe(1);
  expect(Math.max(...sizes)).toBeGreaterThan(60_000);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(65_536);
  // Four standard deviations.
  expect(Math.abs(sizes.filter((size) => size < 256).length - 5000)).toBeLessThan(200);
  expect(logUniform(() => 0, 44, 8192)).toBe(44);
  expect(logUniform(() => 1 - 2 ** -32, 44, 8192)).toBe(8192);
});

test('a piece lies within the pool, up to its very end', () => {
  const { length } = newPool(1).bytes;
  expect(placeOf(() => 0, 100)).toBe(0);
  expect(placeOf(() => 1 - 2 ** -32, 100)).toBe(length - 100);
});
