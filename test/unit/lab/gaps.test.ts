import { expect, test } from 'bun:test';
import {
  type Arrival,
  cutFigures,
  figuresOf,
  longestHoldUpMs,
  readArrivals,
} from '../../lab/flows/gaps.ts';

/** Datagrams sent every 20 ms that take 5 ms, but for those `fate` says otherwise about: null is lost, a number is late. */
function flow(count: number, fate: Readonly<Record<number, number | null>> = {}): Arrival[] {
  const arrivals: Arrival[] = [];
  for (let seq = 0; seq < count; seq += 1) {
    const late = fate[seq];
    if (late === null) continue;
    arrivals.push({ seq, sentAtMs: seq * 20, atMs: seq * 20 + 5 + (late ?? 0) });
  }
  return arrivals.sort((one, other) => one.atMs - other.atMs);
}

test('an undisturbed flow has gaps of its interval and no loss', () => {
  expect(cutFigures(flow(50), 400, 600)).toEqual({
    gapMs: 20,
    gapFromAtMs: 385,
    gapToAtMs: 405,
    isOver: true,
    lost: 0,
    duplicated: 0,
    total: 10,
  });
});

test('the gap is the silence around the cut, and what was under way counts as lost', () => {
  // 20 was sent at 400 and is under way when the link is cut at 402.
  const cut = cutFigures(flow(50, { 20: null, 21: null, 22: null }), 402, 600);
  expect(cut).toMatchObject({ gapMs: 80, gapFromAtMs: 385, gapToAtMs: 465, lost: 3, isOver: true });
});

test('what is resent after the gap, or after the window, is late and not lost', () => {
  const cut = cutFigures(flow(50, { 20: 70, 21: 50, 22: 300 }), 402, 500);
  expect(cut).toMatchObject({ gapMs: 80, lost: 0, duplicated: 0 });
});

test('a gap that is not over lasts to the end of the window', () => {
  const cut = cutFigures(flow(20), 380, 1000);
  expect(cut).toMatchObject({
    gapMs: 615,
    gapFromAtMs: 385,
    gapToAtMs: 1000,
    isOver: false,
    lost: 0,
  });
});

test('a longer gap before the cut, or one that begins after the window, is another cut', () => {
  const arrivals = flow(100, {
    5: null,
    6: null,
    7: null,
    20: null,
    80: null,
    81: null,
    82: null,
  });
  expect(cutFigures(arrivals, 402, 600)).toMatchObject({ gapMs: 40, lost: 1, total: 10 });
});

test('copies are counted where they belong', () => {
  const arrivals = [...flow(50), { seq: 25, sentAtMs: 500, atMs: 506 }];
  arrivals.sort((one, other) => one.atMs - other.atMs);
  expect(cutFigures(arrivals, 402, 600)?.duplicated).toBe(1);
  expect(cutFigures(arrivals, 602, 800)?.duplicated).toBe(0);
});

test('without an arrival before the cut there is nothing to measure', () => {
  expect(cutFigures(flow(10), 0, 100)).toBeNull();
  expect(cutFigures([], 100, 200)).toBeNull();
});

test('the figures of a whole flow: loss at the end is known from what was sent', () => {
  const arrivals = flow(10, { 3: null, 5: 30, 9: null });
  arrivals.push({ seq: 8, sentAtMs: 160, atMs: 400 });
  expect(figuresOf(arrivals, null)).toEqual({
    received: 9,
    total: 9,
    lost: 1,
    duplicated: 1,
    reordered: 1,
  });
  expect(figuresOf(arrivals, 10)).toMatchObject({ total: 10, lost: 2 });
});

test('a hold-up is what a gap has more than its source was silent, and reordering is none', () => {
  const at = (seq: number, sentAtMs: number, atMs: number) => ({ seq, sentAtMs, atMs });
  const paused = [at(0, 0, 10), at(1, 1, 11), at(2, 50, 60), at(3, 51, 61)];
  expect(longestHoldUpMs(paused, 0, 100)).toBe(0);
  const later = [at(0, 0, 10), at(1, 1, 11), at(2, 2, 42), at(3, 50, 90)];
  expect(longestHoldUpMs(later, 0, 100)).toBe(30);
  // Of the window alone, and to the end of a gap that began before it.
  expect(longestHoldUpMs(later, 43, 100)).toBe(0);
  expect(longestHoldUpMs(later, 20, 42)).toBe(30);
  // What was overtaken comes late, and that is no silence of anybody.
  const overtaken = [at(0, 0, 40), at(2, 30, 41), at(1, 1, 42), at(3, 31, 43)];
  expect(longestHoldUpMs(overtaken, 41.5, 100)).toBe(1);
  expect(longestHoldUpMs([], 0, 100)).toBe(0);
});

test("arrivals are read from the sink's lines, others passed over", () => {
  const lines = [
    '{"event":"listening","port":1}',
    '{"event":"arrivals","rows":[[0,1.5,2],[1,2.5,3]]}',
  ];
  expect(readArrivals(lines)).toEqual([
    { seq: 0, sentAtMs: 1.5, atMs: 2 },
    { seq: 1, sentAtMs: 2.5, atMs: 3 },
  ]);
});
