import { expect, test } from 'bun:test';
import { oneLine } from '../../../hal/oneLine.ts';

test('one line of printable ASCII, however long and whatever a terminal would make of it', () => {
  expect(oneLine(new Error('no\r\nway\u001b[2J\u009b1m'))).toBe('no way [2J 1m');
  expect(oneLine('x'.repeat(1_000))).toBe('x'.repeat(160));
  expect(oneLine(null)).toBe('null');
});
