import { expect, test } from 'bun:test';
import {
  ageOf,
  isSilent,
  newStream,
  noteOf,
  onAnswer,
  onBroken,
  onFigures,
  retryAfterMs,
  SILENCE_MAX_MS,
} from '../../../../fleet/pages/stream.ts';

test('figures over the stream make it live; figures by asking do not', () => {
  const asked = onAnswer(newStream(0), 5);
  expect([asked.phase, asked.newestAtMs]).toEqual(['connecting', 5]);
  expect(onFigures(asked, 7)).toEqual({ phase: 'live', sinceMs: 7, newestAtMs: 7, failures: 0 });
  expect(onFigures(onFigures(asked, 7), 9).sinceMs).toBe(7);
});

test('a break is told once and dated from its beginning', () => {
  const broken = onBroken(onBroken(onFigures(newStream(0), 10), 20), 30);
  expect(broken).toEqual({ phase: 'broken', sinceMs: 20, newestAtMs: 10, failures: 2 });
  expect(noteOf(broken)).toBe(noteOf(onBroken(broken, 40)));
  expect(onFigures(broken, 50)).toMatchObject({ phase: 'live', failures: 0 });
});

test('tries come less often, and never stop', () => {
  const waits = [1, 2, 3, 4, 5, 6, 60].map((failures) =>
    retryAfterMs({ ...newStream(0), failures }),
  );
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test('an open stream without figures is silent after a while, from the first moment on', () => {
  expect(isSilent(newStream(0), SILENCE_MAX_MS)).toBe(false);
  expect(isSilent(newStream(0), SILENCE_MAX_MS + 1)).toBe(true);
  expect(isSilent(onFigures(newStream(0), 5_000), SILENCE_MAX_MS + 5_000)).toBe(false);
});

test('the age of the figures is always told', () => {
  const live = onFigures(newStream(0), 1_000);
  expect(ageOf(newStream(0), 99_000)).toBe('no figures yet');
  expect(ageOf(live, 2_500)).toBe('figures are current');
  expect(ageOf(onBroken(live, 2_000), 46_000)).toBe('figures are 45\u00a0s old');
});
