import { expect, test } from 'bun:test';
import { SteadyClock } from '../../../fleet/steadyClock.ts';
import { START_MS } from './sample.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

test('a clock that goes as time does is steady, from the first start on', () => {
  const clock = new SteadyClock(null, 0);
  expect(clock.isSteady(START_MS, 0)).toBe(true);
  expect(clock.isSteady(START_MS + 5_000, 5_000)).toBe(true);
  // A day, and no more, is what a summer time or an NTP server may do.
  expect(clock.isSteady(START_MS + 6_000 + DAY_MS, 6_000)).toBe(true);
});

test('after a jump of more than a day it has to stand for an hour, in whichever direction', () => {
  for (const jumpMs of [DAY_MS + 1, -DAY_MS - 1, 40 * DAY_MS]) {
    const clock = new SteadyClock(START_MS, 0);
    const at = (monoMs: number) => clock.isSteady(START_MS + jumpMs + monoMs, monoMs);
    expect([at(1_000), at(HOUR_MS), at(1_000 + HOUR_MS)]).toEqual([false, false, true]);
  }
});
