import { expect, test } from 'bun:test';
import {
  ceilingAfterLoss,
  isTooFarApart,
  mayUse,
  resume,
  startAt,
  TIMESTAMPS,
  VERSIONS,
  wantedCeiling,
  whenDurable,
} from '../../../../session/flash/reservation.ts';

test('after a boot nothing may be used before a higher ceiling is durable', () => {
  const booted = resume(VERSIONS, 5_000);
  expect([5_000, 5_001].map((version) => mayUse(booted, version))).toEqual([false, false]);
  expect(wantedCeiling(booted, 0)).toBe(6_024);
  const running = whenDurable(booted, 6_024);
  const usable = [5_000, 5_001, 6_024, 6_025].map((version) => mayUse(running, version));
  expect(usable).toEqual([false, true, true, false]);
});

test('more is asked for below half a block, not before', () => {
  const running = whenDurable(resume(VERSIONS, 0), 1_024);
  expect(wantedCeiling(running, 512)).toBeNull();
  expect(wantedCeiling(running, 513)).toBe(513 + 1_024);
});

test('a durable ceiling never shrinks what may be used', () => {
  const running = whenDurable(whenDurable(resume(VERSIONS, 0), 2_048), 1_024);
  expect(running.usableMax).toBe(2_048);
});

test('a version learned from the hub lifts the start', () => {
  const adopted = startAt(whenDurable(resume(VERSIONS, 0), 1_024), 70_001);
  expect(mayUse(adopted, 1_000)).toBe(false);
  expect(wantedCeiling(adopted, 0)).toBe(70_000 + 1_024);
  expect(mayUse(whenDurable(adopted, 71_024), 70_001)).toBe(true);
});

test('timestamps start at the later of the wall clock and what was reserved', () => {
  const reserved = 1_763_914_400;
  const bornIn1970 = startAt(resume(TIMESTAMPS, reserved), 12);
  expect(bornIn1970.first).toBe(reserved + 1);
  const onTime = startAt(resume(TIMESTAMPS, reserved), reserved + 86_400);
  expect(onTime.first).toBe(reserved + 86_400);
  expect(wantedCeiling(onTime, 0)).toBe(reserved + 86_400 - 1 + 4 * 3_600);
});

test('slots that allow a skip are not too far apart, and the skip covers them', () => {
  for (const quota of [VERSIONS, TIMESTAMPS]) {
    expect(quota.skip).toBeGreaterThanOrEqual(2 * quota.block);
    expect(isTooFarApart(quota, 100 + quota.skip, 100)).toBe(false);
    expect(isTooFarApart(quota, 101 + quota.skip, 100)).toBe(true);
    expect(ceilingAfterLoss(quota, 100)).toBe(100 + quota.skip);
  }
});
