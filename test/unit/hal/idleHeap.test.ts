/** Goal: a thread collects twice after a rush, while nothing moves, and small talk costs it nothing. */
import { expect, test } from 'bun:test';
import { IdleHeap } from '../../../hal/idleHeap.ts';

const MIB = 1 << 20;

/** Times of collection, when `moves` are told as they happen and every deadline is kept. */
function collections(moves: readonly (readonly [atMs: number, bytes: number])[], untilMs: number) {
  const heap = new IdleHeap(0);
  const taken: number[] = [];
  const waitUntil = (limitMs: number) => {
    for (let next = heap.nextDeadlineMs(); next !== null && next <= limitMs; ) {
      if (heap.take(next)) taken.push(next);
      next = heap.nextDeadlineMs();
    }
  };
  for (const [atMs, bytes] of moves) {
    waitUntil(atMs - 1);
    heap.note(bytes, atMs);
  }
  waitUntil(untilMs);
  return taken;
}

test('twice after the start, and then never again', () => {
  expect(collections([], 10_000_000)).toEqual([10_000, 75_000]);
});

test('not while it rushes, and twice when that is over', () => {
  const rush = Array.from({ length: 100 }, (_, at) => [at * 1_000, MIB] as const);
  expect(collections(rush, 10_000_000)).toEqual([109_000, 174_000]);
});

test('small talk puts nothing off and begins nothing', () => {
  const talk = Array.from({ length: 1_000 }, (_, at) => [at * 5_000, 200] as const);
  expect(collections(talk, 10_000_000)).toEqual([10_000, 75_000]);
});

test('what adds up to a rush in ten seconds is one', () => {
  const drops = Array.from({ length: 8 }, (_, at) => [200_000 + at, MIB / 8] as const);
  expect(collections(drops, 10_000_000)).toEqual([10_000, 75_000, 210_007, 275_007]);
});
