import { expect, test } from 'bun:test';
import { placePx, SPANS, spanOf, stepOf, ticksOf } from '../../../../fleet/pages/timeScale.ts';

const HOUR_MS = 3_600_000;
const scale = (fromMs: number, toMs: number) => ({ fromMs, toMs, leftPx: 100, widthPx: 200 });

test('moments lie on the line, those outside at its ends', () => {
  const line = scale(1_000, 2_000);
  expect([0, 1_000, 1_500, 2_000, 9_000].map((atMs) => placePx(line, atMs))).toEqual([
    100, 100, 200, 300, 300,
  ]);
  expect(placePx(scale(5, 5), 5)).toBe(100);
});

test('ticks are at round times of the reader’s clock', () => {
  const fromMs = Date.UTC(2026, 10, 29, 12, 7);
  const texts = (hours: number, zoneMs: number) =>
    ticksOf(scale(fromMs, fromMs + hours * HOUR_MS), 5, zoneMs).map(({ text }) => text);
  expect(texts(1, 0)).toEqual(['12:15', '12:30', '12:45', '13:00']);
  expect(texts(24, 0)).toEqual(['18:00', '00:00', '06:00', '12:00']);
  // Half an hour off, as in India: still full hours there.
  expect(texts(24, 5.5 * HOUR_MS)).toEqual(['18:00', '00:00', '06:00', '12:00']);
  expect(texts(96, 0)).toEqual(['11-30', '12-01', '12-02', '12-03']);
  expect(texts(0.01, 0)).toEqual(['12:07:00', '12:07:15', '12:07:30']);
});

test('never more ticks than asked for, and none of nothing', () => {
  for (const { spanMs } of SPANS) {
    for (const countMax of [1, 2, 4, 8]) {
      const ticks = ticksOf(scale(12_345, 12_345 + spanMs), countMax, 0);
      expect(ticks.length).toBeLessThanOrEqual(countMax);
    }
  }
  expect(ticksOf(scale(7, 7), 4, 0)).toEqual([]);
});

test('no span has more points than asked for', () => {
  for (const { spanMs } of SPANS) {
    expect(spanMs / stepOf(spanMs, 300)).toBeLessThanOrEqual(300);
    expect(spanMs / stepOf(spanMs, 300)).toBeGreaterThan(100);
  }
  expect(stepOf(HOUR_MS, 300)).toBe(15_000);
});

test('a span that is none of ours is a day', () => {
  expect([spanOf('7d').id, spanOf('8d').id, spanOf(null).id]).toEqual(['7d', '24h', '24h']);
});
