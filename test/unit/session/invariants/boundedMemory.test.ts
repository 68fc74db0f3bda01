import { expect, test } from 'bun:test';
import { overfull, uncounted } from '../../../../session/invariants/boundedMemory.ts';

test('the limit passes, one more does not, and neither does what is no number', () => {
  expect(overfull([])).toBeNull();
  expect(overfull([{ name: 'ring', size: 4, max: 4 }])).toBeNull();
  const full = { name: 'ring', size: 5, max: 4 };
  expect(overfull([{ name: 'held', size: 0, max: 4 }, full])).toBe(
    'I11: ring holds 5, its limit is 4',
  );
  expect(overfull([{ ...full, size: Number.NaN }])).toContain('I11');
});

test('what a queue took is handed on, held or counted as dropped', () => {
  const passage = { name: 'held', offered: 10, handedOn: 4, held: 3, dropped: 3 };
  expect(uncounted(passage)).toBeNull();
  expect(uncounted({ ...passage, dropped: 2 })).toContain('does not account for 1 of 10');
  expect(uncounted({ ...passage, handedOn: 5 })).toContain('I11');
});
