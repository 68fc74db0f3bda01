/** Goal: one exchange sends at most 250 ms of the path's rate, and never more at a time than the pace allows. */
import { expect, test } from 'bun:test';
import { BUDGET_MS, PACE_MS, Pacer, STEP_DATAGRAMS_MAX } from '../../../../session/resend/pacer.ts';

const RATE = 1_000_000;
const BYTES = 1_000;

/** How many datagrams go out at `atMs`. */
function burst(pacer: Pacer, atMs: number): number {
  let count = 0;
  while (count < 1_000 && pacer.has(BYTES) && pacer.mayNow(atMs)) {
    pacer.take(BYTES);
    count += 1;
  }
  return count;
}

test('so many at once, and as many more as time has passed', () => {
  const pacer = new Pacer(RATE, 0);
  expect(burst(pacer, 0)).toBe(5);
  expect(burst(pacer, 0)).toBe(0);
  expect(burst(pacer, PACE_MS)).toBe(2);
  // A pause is not saved up, beyond what a loop that wakes late needs.
  expect(burst(pacer, 100)).toBe(5);
});

test('the budget is 250 ms of the rate, however long it takes', () => {
  const pacer = new Pacer(RATE, 0);
  let sent = 0;
  for (let atMs = 0; atMs < 10_000; atMs += PACE_MS) sent += burst(pacer, atMs);
  expect(sent * BYTES).toBe((RATE * BUDGET_MS) / 1_000);
  expect([pacer.budgetBytes, pacer.has(1)]).toEqual([0, false]);
});

test('it is sent within 250 ms and a step, by who looks at every step', () => {
  const pacer = new Pacer(RATE, 0);
  let atMs = 0;
  for (; pacer.has(BYTES) && atMs < 10_000; atMs += PACE_MS) burst(pacer, atMs);
  expect(atMs).toBeLessThanOrEqual(BUDGET_MS + PACE_MS);
});

test('the slowest path takes two full packets', () => {
  const pacer = new Pacer(1, 0);
  pacer.take(1_500);
  expect([pacer.mayNow(0), pacer.has(1_500), pacer.has(1_501)]).toEqual([true, true, false]);
});

test('beyond the budget nothing may be taken', () => {
  expect(() => new Pacer(1, 0).take(3_001)).toThrow('the budget is asked first');
  expect(() => new Pacer(0, 0)).toThrow('a path has a rate');
});

test('so many datagrams a step, however fast the path is: applications have buffers, too', () => {
  const pacer = new Pacer(1_000_000_000, 0);
  const steps = [0, 0, PACE_MS, 10 * PACE_MS].map((atMs) => burst(pacer, atMs));
  expect(steps).toEqual([STEP_DATAGRAMS_MAX, 0, STEP_DATAGRAMS_MAX, STEP_DATAGRAMS_MAX]);
});
