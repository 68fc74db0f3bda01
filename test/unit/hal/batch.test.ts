import { expect, test } from 'bun:test';
import { BATCH_CALLS_MAX, isBatchOver, Rush } from '../../../hal/batch.ts';

test('a batch ends with its calls or with its bytes', () => {
  expect(isBatchOver(BATCH_CALLS_MAX - 1, 262_143)).toBe(false);
  expect(isBatchOver(BATCH_CALLS_MAX, 0)).toBe(true);
  expect(isBatchOver(0, 262_144)).toBe(true);
});

test('a rush lasts a millisecond from a large turn on, and small turns make none', () => {
  const rush = new Rush();
  expect(rush.isOn(0)).toBe(false);
  rush.note(32_767, 10);
  expect(rush.isOn(10)).toBe(false);
  rush.note(32_768, 10);
  rush.note(100, 10.5);
  expect([rush.isOn(10.999), rush.isOn(11)]).toEqual([true, false]);
});
