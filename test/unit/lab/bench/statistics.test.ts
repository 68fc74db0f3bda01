import { expect, test } from 'bun:test';
import { medianOf, percentileOf, ratioOf, spreadOf } from '../../../lab/bench/statistics.ts';

test('the median is the middle value, or the mean of the middle two, whatever the order', () => {
  expect(medianOf([3, 1, 2])).toBe(2);
  expect(medianOf([10, 1, 2, 3])).toBe(2.5);
  expect(medianOf([7])).toBe(7);
  expect(medianOf([])).toBeNaN();
});

test('numbers are ordered as numbers, not as text', () => {
  expect(medianOf([100, 9, 20])).toBe(20);
  expect(percentileOf([100, 9, 20], 100)).toBe(100);
});

test('a spread names the extremes, and nothing measured has none', () => {
  expect(spreadOf([2, 9, 4])).toEqual({ median: 4, min: 2, max: 9 });
  expect(spreadOf([])).toBeNull();
});

test('a percentile is a value that was measured (nearest rank)', () => {
  const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);
  expect([50, 99, 100].map((percent) => percentileOf(hundred, percent))).toEqual([50, 99, 100]);
  expect(percentileOf([1, 2, 3, 1000], 99)).toBe(1000);
  expect(percentileOf([4], 50)).toBe(4);
  expect(percentileOf([], 50)).toBeNaN();
});

test('a ratio is of the same round: a slow machine divides out', () => {
  // The second round ran at half speed. A ratio of medians would be 300/150.
  expect(ratioOf([300, 150, 330], [100, 50, 110])).toBe(3);
  expect(ratioOf([300, 200, 400], [100, 100, 200])).toBe(2);
});

test('a ratio needs both: rounds without a partner count for nothing', () => {
  expect(ratioOf([300, 200], [100])).toBe(3);
  expect(ratioOf([300], [])).toBeNull();
  expect(ratioOf([], [100])).toBeNull();
});
