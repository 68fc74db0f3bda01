import { expect, test } from 'bun:test';
import {
  agoText,
  bytesText,
  countText,
  durationText,
  momentText,
  percentText,
  rateText,
  spanText,
  UNKNOWN,
} from '../../../../fleet/pages/format.ts';

/** Figures and units are held together by a space that does not break; here it is read as one that does. */
const plain = (texts: readonly string[]) => texts.map((text) => text.replaceAll('\u00a0', ' '));

test('what is unknown is never shown as nothing', () => {
  for (const text of [countText, percentText, rateText, durationText, bytesText]) {
    expect([null, undefined, Number.NaN].map(text)).toEqual([UNKNOWN, UNKNOWN, UNKNOWN]);
    expect(text(0)).toMatch(/^0/);
  }
  expect(agoText(null, 5)).toBe(UNKNOWN);
  expect(momentText(null, 0)).toBe(UNKNOWN);
});

test('what is more than nothing is never shown as nothing', () => {
  expect(plain([percentText(0.01), rateText(0.001)])).toEqual(['< 0.1 %', '< 0.01']);
});

test('counts, shares and rates', () => {
  expect(countText(1_234_567)).toBe('1,234,567');
  expect(plain([3.84, 4, 99.97, 100].map(percentText))).toEqual(['3.8 %', '4 %', '100 %', '100 %']);
  expect([0.256, 1.84, 12, 1_234.5].map(rateText)).toEqual(['0.26', '1.8', '12', '1235']);
});

test('durations in the unit that fits', () => {
  const ms = [0, 45.4, 999, 2_345, 119_900, 720_000, 12_600_000, 345_600_000];
  expect(plain(ms.map(durationText))).toEqual(
    '0 ms|45 ms|999 ms|2.3 s|119.9 s|12 min|3.5 h|4.0 d'.split('|'),
  );
});

test('ages in whole units; a clock ahead of ours is now', () => {
  const ages = [-5_000, 0, 34_900, 300_000, 10_800_000, 1_036_800_000];
  expect(plain(ages.map((ageMs) => agoText(1e12 - ageMs, 1e12)))).toEqual(
    'now|now|34 s ago|5 min ago|3 h ago|12 d ago'.split('|'),
  );
  expect(plain([spanText(-1)])).toEqual(['0 s']);
});

test('bytes in powers of ten', () => {
  expect(plain([999, 24_100, 24_100_000, 3.2e9].map(bytesText))).toEqual(
    '999 B|24 kB|24 MB|3.2 GB'.split('|'),
  );
});

test('moments in the reader’s zone', () => {
  expect(momentText(Date.UTC(2026, 10, 29, 23, 30, 5), 3_600_000)).toBe('2026-11-30 00:30:05');
});

test('a time that is no date is not known', () => {
  for (const atMs of [1e17, -1e17, Number.NaN]) expect(momentText(atMs, 0)).toBe(UNKNOWN);
});
