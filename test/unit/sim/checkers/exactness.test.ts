/** Goal: the checker of lossless runs notices an end that counts as dropped what came out. */
import { expect, test } from 'bun:test';
import { overcounted } from '../../../sim/checkers/exactness.ts';

test('droppedIsLost: as much as was lost, in whatever way, and no more', () => {
  const counters = { tooOld: 1, gone: 2, overPace: 0 };
  expect(overcounted('hub-0', counters, 3)).toBeNull();
  expect(overcounted('hub-0', counters, 2)).toBe(
    'hub-0 counts 1 too old, 2 gone, 0 over pace, and 2 packets are lost',
  );
});
