/** Goal: hints are paced for each network alone, and what is remembered of networks is bounded. */
import { expect, test } from 'bun:test';
import { HINT_PREFIXES_MAX, HintPace } from '../../../hub/hintPace.ts';

test('one hint a second for a network, whichever of its addresses asks', () => {
  const pace = new HintPace();
  const asked: readonly [string, number][] = [
    ['198.51.100.1:1', 0],
    ['198.51.100.2:1', 999],
    ['198.51.101.1:1', 999],
    ['[2001:db8:0:1::1]:1', 999],
    ['[2001:db8:0:2::1]:1', 999],
    ['198.51.100.3:1', 1_000],
  ];
  expect(asked.map(([source, atMs]) => pace.take(source, atMs))).toEqual([
    ...[true, false, true, true, false, true],
  ]);
});

test('of many networks the newest are remembered', () => {
  const pace = new HintPace();
  for (let net = 0; net < 200; net++) expect(pace.take(`198.51.${net}.1:1`, net)).toBe(true);
  expect(pace.size).toBe(HINT_PREFIXES_MAX);
  expect(pace.take('198.51.199.9:1', 200)).toBe(false);
  expect(pace.take(`198.51.${200 - HINT_PREFIXES_MAX}.9:1`, 200)).toBe(false);
  expect(pace.take('198.51.0.9:1', 200)).toBe(true);
});
