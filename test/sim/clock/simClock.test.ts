/** Goal: monotonic time never goes back while a machine is up, and deadlines are met in the world's time. */
import { expect, test } from 'bun:test';
import { World } from '../world.ts';
import { SimClock } from './simClock.ts';

test('a clock that drifts meets its deadlines, a little late at most', () => {
  const world = new World();
  for (const driftPpm of [-2_000, 0, 150, 2_000]) {
    const clock = new SimClock(world, { wallMs: 1e12, driftPpm });
    const deadlineMs = clock.monotonicMs() + 12_345.678;
    const atMs = clock.worldMs(deadlineMs);
    world.runUntil(atMs);
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(deadlineMs);
    expect(clock.monotonicMs() - deadlineMs).toBeLessThan(0.2);
  }
});

test('steps move the wall alone, never before 1970', () => {
  const world = new World();
  const clock = new SimClock(world, { wallMs: 5_000, driftPpm: 0 });
  const before = clock.monotonicMs();
  clock.stepWall(-10_000);
  expect([clock.wallMs(), clock.monotonicMs()]).toEqual([0, before]);
});

test('a reboot begins the monotonic clock anew, and the wall where there is no battery', () => {
  const world = new World();
  const clock = new SimClock(world, { wallMs: 1e12, driftPpm: 0 });
  world.runUntil(90_000);
  clock.reboot(true);
  expect(clock.monotonicMs()).toBeLessThan(10_000);
  expect(clock.wallMs()).toBeGreaterThan(1e12);
  clock.reboot(false);
  expect(clock.wallMs()).toBe(0);
});
