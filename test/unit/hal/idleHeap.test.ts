/** Goal: a thread collects soon after a rush and at a slow pace from then on, never in a rush, whatever small talk there is. */
import { expect, test } from 'bun:test';
import { IdleHeap } from '../../../hal/idleHeap.ts';

const MIB = 1 << 20;

type Moves = readonly (readonly [atMs: number, bytes: number])[];

/** Times of collection, when `moves` are told as they happen and every deadline is kept. */
const collections = (moves: Moves, untilMs: number) =>
  collected(moves, untilMs).map(([atMs]) => atMs);

function collected(moves: Moves, untilMs: number) {
  const heap = new IdleHeap(0);
  const taken: [atMs: number, what: 'garbage' | 'garbageAndCode'][] = [];
  const waitUntil = (limitMs: number) => {
    for (let next = heap.nextDeadlineMs(); next <= limitMs; ) {
      expect(heap.take(next - 1)).toBe('nothing');
      const what = heap.take(next);
      if (what !== 'nothing') taken.push([next, what]);
      next = heap.nextDeadlineMs();
    }
  };
  for (const [atMs, bytes] of moves) {
    waitUntil(atMs - 1);
    heap.note(bytes, atMs);
  }
  waitUntil(untilMs);
  expect(heap.nextDeadlineMs()).toBeGreaterThan(untilMs);
  return taken;
}

/** Again 65 s after the first one, and every five minutes from then on. */
const paced = (firstMs: number, untilMs: number) => {
  const times = [firstMs];
  for (let atMs = firstMs + 65_000; atMs <= untilMs; atMs += 300_000) times.push(atMs);
  return times;
};

test('ten seconds after the start, and then at its pace', () => {
  expect(collections([], 210_000)).toEqual([10_000, 75_000]);
  expect(collections([], 10_000_000)).toEqual(paced(10_000, 10_000_000));
});

test('not while it rushes, and soon when that is over', () => {
  const rush = Array.from({ length: 100 }, (_, at) => [at * 1_000, MIB] as const);
  expect(collections(rush, 10_000_000)).toEqual(paced(109_000, 10_000_000));
});

test('small talk with pauses neither puts off nor adds a collection', () => {
  const talk = Array.from({ length: 1_000 }, (_, at) => [at * 5_000 + 2_500, 200] as const);
  expect(collections(talk, 6_000_000)).toEqual(paced(10_000, 6_000_000));
});

test('what adds up to a rush in ten seconds is one', () => {
  const drops = Array.from({ length: 8 }, (_, at) => [200_000 + at, MIB / 8] as const);
  expect(collections(drops, 400_000)).toEqual([10_000, 75_000, ...paced(210_007, 400_000)]);
});

test('code goes once, when what ran only in the rush has aged', () => {
  const whatAt = (moves: Moves) =>
    collected(moves, 400_000).filter(([, what]) => what === 'garbageAndCode');
  expect(whatAt([])).toEqual([[75_000, 'garbageAndCode']]);
  expect(whatAt([[200_000, MIB]])).toEqual([
    [75_000, 'garbageAndCode'],
    [275_000, 'garbageAndCode'],
  ]);
  expect(whatAt([[50_000, MIB]])).toEqual([[125_000, 'garbageAndCode']]);
});

test('a small flow is collected in a pause of a second, and without one once in ten minutes', () => {
  const flow = (fromMs: number, untilMs: number) =>
    Array.from({ length: (untilMs - fromMs) / 20 }, (_, at) => [fromMs + at * 20, 100] as const);
  expect(collections([...flow(0, 60_000), ...flow(62_000, 63_000)], 70_000)).toEqual([60_980]);
  expect(collections(flow(0, 1_300_000), 1_300_000)).toEqual([610_000, 1_275_000]);
});
