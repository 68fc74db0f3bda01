import { expect, test } from 'bun:test';
import { LinkRetry } from '../../../agent/linkRetry.ts';

test('what is owed is tried after a second, and ever more rarely where it fails, down to once a minute', () => {
  const retry = new LinkRetry();
  retry.note(false, 0);
  expect([retry.nextDeadlineMs(), retry.take(10_000)]).toEqual([null, false]);
  let nowMs = 10_000;
  const pausesMs: number[] = [];
  for (let count = 0; count < 9; count++) {
    retry.note(true, nowMs);
    retry.note(true, nowMs + 1); // still the same
    const atMs = retry.nextDeadlineMs()!;
    pausesMs.push(atMs - nowMs);
    expect([retry.take(atMs - 1), retry.take(atMs), retry.take(atMs)]).toEqual([
      false,
      true,
      false,
    ]);
    nowMs = atMs;
  }
  expect(pausesMs).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((s) => s * 1_000));
});

test('what succeeded is forgotten: the next time it is a second again', () => {
  const retry = new LinkRetry();
  retry.note(true, 0);
  expect(retry.take(1_000)).toBe(true);
  retry.note(false, 1_000);
  expect(retry.nextDeadlineMs()).toBeNull();
  retry.note(true, 5_000);
  expect(retry.nextDeadlineMs()).toBe(6_000);
});
