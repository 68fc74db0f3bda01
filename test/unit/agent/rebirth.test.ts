import { expect, test } from 'bun:test';
import { Rebirth } from '../../../agent/rebirth.ts';

test('a question is answered at once, and all questions of ten seconds once more', () => {
  const rebirth = new Rebirth(10_000);
  expect(rebirth.dueAtMs).toBe(Infinity);
  rebirth.asked(false, 5);
  expect(rebirth.dueAtMs).toBe(5);
  rebirth.said(5);
  expect(rebirth.dueAtMs).toBe(Infinity);
  for (const atMs of [6, 7, 9_000]) rebirth.asked(false, atMs);
  expect(rebirth.dueAtMs).toBe(10_005);
  rebirth.said(10_005);
  rebirth.asked(false, 60_000);
  expect(rebirth.dueAtMs).toBe(60_000);
});

test('one that the broker had kept is nobody’s, and a connection that ended is answered by the next', () => {
  const rebirth = new Rebirth(10_000);
  rebirth.asked(true, 5);
  expect(rebirth.dueAtMs).toBe(Infinity);
  rebirth.asked(false, 5);
  rebirth.forget();
  expect(rebirth.dueAtMs).toBe(Infinity);
});
