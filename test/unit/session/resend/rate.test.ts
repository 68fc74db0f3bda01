/** Goal: a path is as fast as it was seen to be, at least as its kind, and never as fast as somebody dreams up. */
import { expect, test } from 'bun:test';
import { ArrivalRate, RATE_MAX, rateOf } from '../../../../session/resend/rate.ts';

test('what was measured counts where it is more than the kind can do', () => {
  expect(rateOf('lte', 0)).toBe(1_000_000);
  expect(rateOf('lte', 999_999)).toBe(1_000_000);
  expect(rateOf('lte', 5_000_000)).toBe(5_000_000);
  expect(rateOf('ethernet', 0)).toBe(12_500_000);
  expect(rateOf('other', Number.MAX_SAFE_INTEGER)).toBe(RATE_MAX);
});

test('the best tenth of a second on each transport', () => {
  const rates = new ArrivalRate();
  expect(rates.of(1, 1_000)).toBe(0);
  for (let atMs = 1_000; atMs < 1_300; atMs += 10) rates.note(1, 1_000, atMs);
  expect(rates.of(1, 1_300)).toBe(100_000);
  // Slower now, and on another transport: what was seen stays.
  for (let atMs = 1_300; atMs < 1_600; atMs += 50) rates.note(1, 1_000, atMs);
  for (let atMs = 2_000; atMs < 2_300; atMs += 1) rates.note(2, 1_000, atMs);
  expect([rates.of(1, 2_300), rates.of(2, 2_300)]).toEqual([100_000, 1_000_000]);
});

test('a pause makes no rate, and a burst after it none either', () => {
  const rates = new ArrivalRate();
  rates.note(1, 50_000, 1_000);
  rates.note(1, 50_000, 11_000);
  expect(rates.of(1, 11_000)).toBe(5_000);
});

test('what waited for a reader that stood still and is then read at once is no rate', () => {
  const rates = new ArrivalRate();
  for (let atMs = 1_000; atMs < 2_000; atMs += 1) rates.note(1, 1_000, atMs);
  // Four seconds' worth in 20 ms, and on as before.
  for (let atMs = 6_000; atMs < 6_020; atMs += 1) rates.note(1, 200_000, atMs);
  for (let atMs = 6_020; atMs < 7_000; atMs += 1) rates.note(1, 1_000, atMs);
  expect(rates.of(1, 7_000)).toBe(1_000_000);
});

test('a rate that begins after a pause is measured from the second window on', () => {
  const rates = new ArrivalRate();
  rates.note(1, 1_000, 1_000);
  for (let atMs = 11_000; atMs < 11_300; atMs += 1) rates.note(1, 2_000, atMs);
  expect(rates.of(1, 11_300)).toBe(2_000_000);
});

test('after ten minutes it is forgotten, and whatever comes counts', () => {
  const rates = new ArrivalRate();
  for (let atMs = 0; atMs <= 200; atMs += 1) rates.note(1, 1_000, atMs);
  expect(rates.of(1, 600_000)).toBe(1_000_000);
  expect(rates.of(1, 600_300)).toBe(0);
  for (let atMs = 600_500; atMs <= 600_800; atMs += 10) rates.note(1, 1_000, atMs);
  expect(rates.of(1, 600_800)).toBe(100_000);
});

test('as many transports as a keypair knows, the oldest is forgotten (I11)', () => {
  const rates = new ArrivalRate();
  for (let id = 1; id <= 34; id++) {
    for (let step = 0; step <= 100; step += 10) rates.note(id, 1_000, id * 1_000 + step);
  }
  const rateOfId = (id: number) => rates.of(id, 34_200);
  expect([rateOfId(1), rateOfId(2), rateOfId(3) > 0, rateOfId(34) > 0]).toEqual([0, 0, true, true]);
});
