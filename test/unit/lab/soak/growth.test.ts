/**
 * Goal: a leak is seen, however small beside the garbage that comes and goes, and what is no leak is not.
 * Method: made-up samples of an hour, with a heap like a saw; seeded.
 */
import { expect, test } from 'bun:test';
import { newRandom } from '../../../lab/random.ts';
import { growthOf, slopeOf } from '../../../lab/soak/growth.ts';
import type { Life, Sample } from '../../../lab/soak/sample.ts';

const WARM_UP_MS = 120_000;
const STEP_MS = 2_000;

/** A process that lives for `minutes`; memory is a saw of up to 20 MiB over `base`, plus a leak. */
function life(minutes: number, leakMibPerHour: number, base = 50, fromMs = 0): Life {
  const random = newRandom(7, `${minutes} ${leakMibPerHour} ${base}`);
  const samples: Sample[] = [];
  for (let ageMs = 0; ageMs < minutes * 60_000; ageMs += STEP_MS) {
    const saw = ((ageMs / 1_000) % 17) + random() * 3;
    const warming = 30 * Math.exp(-ageMs / 20_000);
    const leak = (leakMibPerHour * ageMs) / 3_600_000;
    const anonKib = (base + saw - warming + leak) * 1_024;
    samples.push({
      ...{ atMs: fromMs + ageMs, anonKib, rssKib: anonKib + 40_000 },
      ...{ descriptors: 20 + Math.floor(random() * 4), threads: 9 },
    });
  }
  return { party: 'device', pid: 1, samples, alive: [] };
}

test('a process that does not leak has no slope, whatever its garbage', () => {
  const slope = slopeOf([life(60, 0)], 'anonKib', WARM_UP_MS)!;
  expect(Math.abs(slope.mibPerHour)).toBeLessThan(1);
  expect(slope.errorMibPerHour).toBeGreaterThan(0);
  expect(slope.points).toBe(116);
});

test('a leak is measured to a MiB an hour', () => {
  for (const leak of [5, 20, 100]) {
    const { mibPerHour } = slopeOf([life(60, leak)], 'anonKib', WARM_UP_MS)!;
    expect(Math.abs(mibPerHour - leak)).toBeLessThan(1);
    expect(slopeOf([life(60, leak)], 'rssKib', WARM_UP_MS)!.mibPerHour).toBeCloseTo(mibPerHour, 5);
  }
});

test('restarts are neither growth nor do they hide it', () => {
  const lives = (leak: number) => [
    life(20, leak, 50),
    life(20, leak, 70, 1_200_000),
    life(20, leak, 40, 2_400_000),
  ];
  expect(Math.abs(slopeOf(lives(0), 'anonKib', WARM_UP_MS)!.mibPerHour)).toBeLessThan(1);
  expect(slopeOf(lives(30), 'anonKib', WARM_UP_MS)!.mibPerHour).toBeCloseTo(30, 0);
});

test('without the warm-up the start would look like a leak', () => {
  const { mibPerHour } = slopeOf([life(20, 0)], 'anonKib', 0)!;
  expect(mibPerHour).toBeGreaterThan(5);
});

test('too little says nothing', () => {
  expect(slopeOf([life(4, 100)], 'anonKib', WARM_UP_MS)).toBeNull();
  expect(slopeOf([], 'anonKib', WARM_UP_MS)).toBeNull();
});

const counted = (values: readonly number[]): Life => ({
  ...{ party: 'hub', pid: 1, alive: [] },
  samples: values.map((descriptors, at) => ({
    ...{ atMs: at * 1_000, anonKib: 1, rssKib: 1, descriptors, threads: 9 },
  })),
});

test('descriptors that come and go are no growth; ones that stay are', () => {
  expect(growthOf(counted([5, 9, 7, 9, 5, 8, 9, 7, 9]), 'descriptors', 0)).toBe(-2);
  expect(growthOf(counted([5, 6, 7, 8, 9, 10, 11, 12, 13]), 'descriptors', 0)).toBe(4);
  expect(growthOf(counted([50, 50, 50, 6, 6, 6, 7, 7, 7, 8, 8, 8]), 'descriptors', 3_000)).toBe(2);
  expect(growthOf(counted([5, 6, 7]), 'descriptors', 0)).toBeNull();
  expect(growthOf(counted([5, 6, 7, 8, 9, 10, 11, 12, 13]), 'threads', 0)).toBe(0);
});
