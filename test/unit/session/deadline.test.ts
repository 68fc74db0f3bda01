/** Goal: of two deadlines the earlier one, also where one is missing. */
import { expect, test } from 'bun:test';
import { earlier } from '../../../session/deadline.ts';

test('the earlier of two deadlines, where there are any', () => {
  expect([earlier(1, 2), earlier(2, 1), earlier(null, 2), earlier(1, null)]).toEqual([1, 1, 2, 1]);
  expect(earlier(null, null)).toBeNull();
});
