import { expect, test } from 'bun:test';
import {
  EpochWatch,
  type HubMoment,
  isServing,
  manyOwners,
  strayOwner,
} from '../../../../session/invariants/oneOwner.ts';

test('who serves owns and has the lease', () => {
  expect(strayOwner({ isServing: true, isOwner: true, isLeaseValid: true })).toBeNull();
  expect(strayOwner({ isServing: false, isOwner: false, isLeaseValid: false })).toBeNull();
  expect(strayOwner({ isServing: true, isOwner: false, isLeaseValid: true })).toContain('owning');
  expect(strayOwner({ isServing: true, isOwner: true, isLeaseValid: false })).toContain('lease');
});

test('to forward, to take data and to answer a probe are all to serve', () => {
  const idle = { hasRoute: false, acceptCount: 0, hasAnsweredProbe: false };
  expect(isServing(idle)).toBe(false);
  expect(isServing({ ...idle, hasRoute: true })).toBe(true);
  expect(isServing({ ...idle, acceptCount: 1 })).toBe(true);
  expect(isServing({ ...idle, hasAnsweredProbe: true })).toBe(true);
});

test('one hub serves a device, and only a session that lives', () => {
  const hub = (hubId: string, change: Partial<HubMoment> = {}): HubMoment => ({
    ...{ hubId, isServing: true, isOwner: true, isLeaseValid: true },
    ...{ device: 'd', terminated: null },
    ...change,
  });
  const idle = hub('b', { isServing: false, isOwner: false, isLeaseValid: false });
  expect(manyOwners([hub('a'), idle, hub('c', { device: 'e' })])).toBeNull();
  expect(manyOwners([hub('a'), hub('b')])).toContain('a and b both serve d');
  expect(manyOwners([hub('a', { isLeaseValid: false })])).toContain('without a lease (a)');
  expect(manyOwners([hub('a', { terminated: 'shutdown' })])).toContain('ended session');
});

test('an epoch is one hub’s for ever', () => {
  const watch = new EpochWatch();
  expect(watch.owned('d', 1, 'a')).toBeNull();
  expect(watch.owned('d', 1, 'a')).toBeNull();
  expect(watch.owned('d', 2, 'b')).toBeNull();
  expect(watch.owned('e', 1, 'b')).toBeNull();
  expect(watch.owned('d', 1, 'b')).toContain("is a's, and b acts under it");
});
