import { expect, test } from 'bun:test';
import { editDistance, nearest } from '../../../policies/nearest.ts';

test('distance counts insertions, deletions, substitutions and swaps of neighbours', () => {
  expect(editDistance('', '')).toBe(0);
  expect(editDistance('', 'abc')).toBe(3);
  expect(editDistance('abc', 'abxc')).toBe(1);
  expect(editDistance('abc', 'ac')).toBe(1);
  expect(editDistance('abc', 'axc')).toBe(1);
  expect(editDistance('abc', 'acb')).toBe(1);
  expect(editDistance('kitten', 'sitting')).toBe(3);
});

test('the closest known word is suggested, the first of equals, and none that is far', () => {
  expect(nearest('cooldwon_ms', ['failback', 'cooldown_ms'])).toBe('cooldown_ms');
  expect(nearest('COOLDOWN_MS', ['cooldown_ms'])).toBe('cooldown_ms');
  expect(nearest('ab', ['ax', 'ay'])).toBe('ax');
  expect(nearest('zzzzzz', ['cooldown_ms', 'failback'])).toBe(null);
  expect(nearest('xy', ['ab'])).toBe(null);
  expect(nearest('', [])).toBe(null);
});

test('a foreign word of any length costs nothing', () => {
  expect(nearest('x'.repeat(10_000_000), ['cooldown_ms'])).toBe(null);
});
