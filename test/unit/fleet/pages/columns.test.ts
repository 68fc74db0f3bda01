import { expect, test } from 'bun:test';
import type { Series } from '../../../../fleet/pages/answers.ts';
import {
  alone,
  greatest,
  isGoingOn,
  stacked,
  summaryOf,
  switchRates,
} from '../../../../fleet/pages/columns.ts';

const HALF_HOUR_MS = 1_800_000;

const series = (parts: Partial<Series>): Series => ({
  at_ms: [0, HALF_HOUR_MS, 2 * HALF_HOUR_MS],
  states: {},
  recovery_ms: { p50: [], p95: [], p99: [] },
  switches: [],
  degraded_percent: [],
  terminated: {},
  replay_signs: [],
  hijack_signs: [],
  ...parts,
});

test('the first layer reaches as high as all of them; an unknown moment is a gap', () => {
  const layers = [
    [1, null, null],
    [2, 20, null],
    [4, 40, null],
  ];
  expect(stacked(layers, 3)).toEqual([
    [7, 60, null],
    [6, 60, null],
    [4, 40, null],
  ]);
  expect(stacked([[1]], 2)).toEqual([[1, null]]);
});

test('switches per session and hour, of sessions that live', () => {
  const rates = switchRates(
    series({
      states: {
        ATTACHED: [8, 0, 8],
        RECOVERING: [2, 0, 2],
        TERMINATED: [90, 90, 90],
        OTHER: [7, 7, 7],
      },
      switches: [5, 5, null],
    }),
  );
  expect(rates).toEqual([1, null, null]);
  expect(switchRates(series({ at_ms: [0], switches: [5], states: { ATTACHED: [1] } }))).toEqual([
    null,
  ]);
});

test('the last step is as long as it has been, and says nothing before a half of it is over', () => {
  const states = { ATTACHED: [1, 1, 1] };
  const after = (ms: number) =>
    series({ states, switches: [1, 1, 1], until_ms: 2 * HALF_HOUR_MS + ms });
  expect(switchRates(after(HALF_HOUR_MS))).toEqual([2, 2, 2]);
  expect(switchRates(after(0.75 * HALF_HOUR_MS))[2]).toBeCloseTo(2.667, 3);
  expect(switchRates(after(60_000))).toEqual([2, 2, null]);
  expect([isGoingOn(after(HALF_HOUR_MS)), isGoingOn(after(60_000))]).toEqual([false, true]);
  expect([isGoingOn(series({})), isGoingOn(series({ at_ms: [] }))]).toEqual([false, false]);
});

test('the greatest columns by name, the rest as others', () => {
  const columns = { a: [1, 1], b: [9, null], c: [0, 0], d: [3, 3], e: [0, 1] };
  expect(greatest(columns, 2, 2)).toEqual([
    { name: 'b', values: [9, null] },
    { name: 'd', values: [3, 3] },
    { name: 'others', values: [1, 2] },
  ]);
  expect(greatest(columns, 9, 2).map(({ name }) => name)).toEqual(['b', 'd', 'a', 'e']);
  expect(greatest({}, 2, 2)).toEqual([]);
});

test('newest and greatest of what is known', () => {
  expect(summaryOf([null, 7, 3, null])).toEqual({ newest: 3, greatest: 7 });
  expect(summaryOf([null])).toEqual({ newest: null, greatest: null });
});

test('a value between two gaps needs a point of its own', () => {
  expect(alone([1, null, 2, 3, null, 4])).toEqual([0, 5]);
  expect(alone([null, 5, null])).toEqual([1]);
});
