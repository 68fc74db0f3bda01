/** Goal: the thread sleeps until its deadline, however long ago it looked at the clock for something else. */
import { expect, test } from 'bun:test';
import { waitMs } from '../../../agent/deadline.ts';

test('◆ what took time before the sleep is no part of it', () => {
  let nowMs = 1_000;
  const clock = { monotonicMs: () => nowMs };
  expect(waitMs(1_050, clock)).toBe(50);
  nowMs += 40; // memory was given back
  expect(waitMs(1_050, clock)).toBe(10);
  nowMs += 40;
  expect(waitMs(1_050, clock)).toBe(0);
  expect(waitMs(null, clock)).toBe(-1);
});
