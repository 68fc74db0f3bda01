import { expect, test } from 'bun:test';
import {
  ceilingAfterLoss,
  isTooFarApart,
  TIMESTAMPS,
  VERSIONS,
} from '../../../../session/flash/reservation.ts';

test('slots that allow a skip are not too far apart, and the skip covers them', () => {
  for (const quota of [VERSIONS, TIMESTAMPS]) {
    expect(quota.skip).toBeGreaterThanOrEqual(2 * quota.block);
    expect(isTooFarApart(quota, 100 + quota.skip, 100)).toBe(false);
    expect(isTooFarApart(quota, 101 + quota.skip, 100)).toBe(true);
    expect(ceilingAfterLoss(quota, 100)).toBe(100 + quota.skip);
  }
});
