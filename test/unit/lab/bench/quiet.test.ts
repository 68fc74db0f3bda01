/** Goal: a bench waits for the load of its own build to pass, and not for ever. Method: a load and a sleep that are made up. */
import { expect, test } from 'bun:test';
import { untilQuiet } from '../../../lab/bench/quiet.ts';

/** The load at each look; the last one stays. */
function waiting(loads: readonly number[]) {
  const said: string[] = [];
  let looks = 0;
  let sleptMs = 0;
  return {
    said,
    sleptMs: () => sleptMs,
    until: (isOver = () => false) =>
      untilQuiet((line) => said.push(line), isOver, {
        load: () => loads[Math.min(looks++, loads.length - 1)]!,
        sleep: async (ms) => {
          sleptMs += ms;
        },
      }),
  };
}

test('a quiet machine is not waited for', async () => {
  const { until, said, sleptMs } = waiting([0.5]);
  await until();
  expect([said, sleptMs()]).toEqual([[], 0]);
});

test('a load that falls is waited for, and said', async () => {
  const { until, said, sleptMs } = waiting([1.494, 0.9, 0.51, 0.5, 3]);
  await until();
  expect(said).toEqual(['load 1.49: waiting until it is 0.5, at most 180 s']);
  expect(sleptMs()).toBe(6_000);
});

test('a load that stays is not waited for for ever, and not at all once the run is interrupted', async () => {
  const busy = waiting([2]);
  await busy.until();
  expect(busy.sleptMs()).toBe(180_000);
  const interrupted = waiting([2]);
  let looks = 0;
  await interrupted.until(() => ++looks > 3);
  expect(interrupted.sleptMs()).toBe(6_000);
});
