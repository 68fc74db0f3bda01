/**
 * Goal: no time that was used comes again, whatever the wall clock and crashes do.
 */
import { expect, test } from 'bun:test';
import { HubTime, RESERVE_MS } from '../../../hub/time.ts';

function world(wallMs: number, bootMs = 0) {
  const state = { wallMs, monotonicMs: bootMs, storedMs: 0, writes: 0 };
  return {
    state,
    clock: { monotonicMs: () => state.monotonicMs, wallMs: () => state.wallMs },
    store: {
      readHighWaterMs: () => state.storedMs,
      writeHighWaterMs: (atMs: number) => {
        state.storedMs = atMs;
        state.writes += 1;
      },
    },
    pass(ms: number) {
      state.wallMs += ms;
      state.monotonicMs += ms;
    },
  };
}

test('with a right clock hub time is wall time, and follows the monotonic clock', () => {
  const { clock, store, pass, state } = world(1_000_000);
  const time = new HubTime(clock, store);
  expect(time.nowMs()).toBe(1_000_000);
  pass(500);
  state.wallMs -= 90_000;
  expect(time.nowMs()).toBe(1_000_500);
  expect(time.aheadOfWallMs).toBe(90_000);
});

test('a clock set back to 1970 before a restart does not bring an old time again', () => {
  const { clock, store, pass, state } = world(1_000_000);
  const before = new HubTime(clock, store);
  for (let round = 0; round < 60; round++) {
    pass(1_000);
    before.reserve();
    expect(state.storedMs).toBeGreaterThan(before.nowMs());
  }
  const lastMs = before.nowMs();
  state.wallMs = 0;
  state.monotonicMs = 3;
  const after = new HubTime(clock, store);
  expect(after.nowMs()).toBeGreaterThanOrEqual(lastMs);
  expect(after.nowMs() - lastMs).toBeLessThanOrEqual(RESERVE_MS);
});

test('an orderly end leaves no jump, and a reservation is not written every time', () => {
  const { clock, store, pass, state } = world(1_000_000);
  const time = new HubTime(clock, store);
  pass(1_000);
  time.reserve();
  time.reserve();
  expect(state.writes).toBe(1);
  time.release();
  state.wallMs = 5;
  expect(new HubTime(clock, store).nowMs()).toBe(1_001_000);
});
