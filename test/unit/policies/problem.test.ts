import { expect, test } from 'bun:test';
import { joinPath, quoted } from '../../../policies/problem.ts';

test('nothing that is quoted can be a command to a terminal or turn the line around', () => {
  const hostile = ['\u001b[2J', '\u009b2J', '\u007f', '\u202etxt', '\u2066', '\u2028', '\ufeff'];
  for (const text of hostile) {
    for (const shown of [quoted(text), joinPath('links', text)]) {
      expect([shown, /^[\x20-\x7e]*$/.test(shown)]).toEqual([shown, true]);
    }
  }
  expect(quoted('Zürich “7”')).toBe('"Zürich “7”"');
  expect(quoted('a\u009bb')).toBe('"a\\u009bb"');
});
