import { expect, test } from 'bun:test';
import type { Mark } from '../../../../fleet/pages/answers.ts';
import { pinsOf, rectanglesOf, timesOf } from '../../../../fleet/pages/lanes.ts';

const SCALE = { fromMs: 1_000, toMs: 2_000, leftPx: 50, widthPx: 100 };
const band = (state: string | null, from_ms: number, to_ms: number) => ({ state, from_ms, to_ms });
const mark = (kind: string, at_ms: number): Mark => ({
  ...{ kind, at_ms, reason: null, from: null, to: null },
});

test('bands become rectangles within the scale', () => {
  const drawn = rectanglesOf(
    [band('ATTACHED', 1_500, 9_000), band('BIRTH', 0, 1_500), band('VOLATILE', 0, 1_000)],
    SCALE,
  );
  expect(drawn.map(({ state, xPx, widthPx }) => [state, xPx, widthPx])).toEqual([
    ['BIRTH', 50, 50],
    ['ATTACHED', 100, 50],
  ]);
});

test('a moment is still seen, at the right end as well', () => {
  const drawn = rectanglesOf(
    [band('RECOVERING', 1_200, 1_201), band('BIRTH', 1_999, 2_000)],
    SCALE,
  );
  expect(drawn.map(({ xPx, widthPx }) => [xPx, widthPx])).toEqual([
    [70, 2],
    [148, 2],
  ]);
});

test('a device that flaps has no more rectangles than pixels, and each says how many it is', () => {
  const bands = Array.from({ length: 5_000 }, (_, at) =>
    band(at % 2 === 0 ? 'ATTACHED' : 'RECOVERING', 1_000 + at * 0.2, 1_000 + (at + 1) * 0.2),
  );
  const drawn = rectanglesOf(bands, SCALE);
  expect(drawn.length).toBeLessThanOrEqual(2 * SCALE.widthPx);
  expect(drawn.reduce((sum, { count }) => sum + count, 0)).toBe(5_000);
  for (const { xPx, widthPx } of drawn) {
    expect(xPx).toBeGreaterThanOrEqual(50);
    expect(xPx + widthPx).toBeLessThanOrEqual(150.001);
  }
});

test('bands of a state far apart stay apart', () => {
  const bands = [band('ATTACHED', 1_000, 1_100), band('VOLATILE', 1_100, 1_500)];
  expect(rectanglesOf([...bands, band('ATTACHED', 1_500, 1_600)], SCALE)).toHaveLength(3);
});

test('marks of a kind that lie on each other are one; those of another kind are not', () => {
  const marks = [mark('switch', 1_010), mark('switch', 1_000), mark('refused', 1_005)];
  const pins = pinsOf([...marks, mark('switch', 1_500), mark('switch', 2_001)], SCALE);
  expect(pins.map(({ kind, xPx, count }) => [kind, xPx, count])).toEqual([
    ['switch', 50, 2],
    ['refused', 50.5, 1],
    ['switch', 100, 1],
  ]);
  expect(pins[0]!.mark.at_ms).toBe(1_000);
});

test('time of which nothing is known is not drawn, and is told', () => {
  const bands = [band(null, 1_000, 1_750), band('BIRTH', 1_750, 2_000)];
  expect(rectanglesOf(bands, SCALE).map(({ state }) => state)).toEqual(['BIRTH']);
  expect(timesOf(bands, SCALE)[0]).toEqual({ state: null, ms: 750, bands: 1 });
});

test('a mark that stands for many counts as many', () => {
  const pins = pinsOf([{ ...mark('switch', 1_000), count: 3 }, mark('switch', 1_001)], SCALE);
  expect(pins.map(({ count }) => count)).toEqual([4]);
});

test('time in each state, of the range alone', () => {
  const bands = [
    band('ATTACHED', 0, 1_400),
    band('VOLATILE', 1_400, 1_500),
    band('ATTACHED', 1_500, 2_500),
  ];
  expect(timesOf(bands, SCALE)).toEqual([
    { state: 'ATTACHED', ms: 900, bands: 2 },
    { state: 'VOLATILE', ms: 100, bands: 1 },
  ]);
});
