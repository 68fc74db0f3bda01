import { expect, test } from 'bun:test';
import { instantMs } from '../../../policies/instant.ts';

test('agrees with the runtime on every day from 1890 to 2110', () => {
  const dayMs = 86_400_000;
  for (let atMs = Date.UTC(1890, 0, 1); atMs < Date.UTC(2110, 0, 1); atMs += dayMs + 3_661_007) {
    expect(instantMs(new Date(atMs).toISOString())).toBe(atMs);
  }
});

test('fractions are cut to milliseconds', () => {
  expect(instantMs('1970-01-01T00:00:00Z')).toBe(0);
  expect(instantMs('1970-01-01T00:00:01.5Z')).toBe(1_500);
  expect(instantMs('1970-01-01 00:00:00.123456789z')).toBe(123);
});

test('what is no day, no time or not UTC is refused', () => {
  const texts = [
    '',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:60Z',
    '2026-01-01T00:00:00+01:00',
    '2026-01-01',
    '1900-02-29T00:00:00Z',
  ];
  for (const text of texts) expect([text, instantMs(text)]).toEqual([text, null]);
  expect(instantMs('2000-02-29T00:00:00Z')).not.toBe(null);
});
