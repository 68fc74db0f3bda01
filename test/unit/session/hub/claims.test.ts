/** Goal: what a claim may not say, however authentic it is. */
import { expect, test } from 'bun:test';
import { CLAIMED_VERSION_MAX } from '../../../../session/claim.ts';
import { attached } from './process.ts';

test('a version that leaves no room above it is no claim: counted, nothing changed, no answer', () => {
  const { rig, device } = attached();
  const before = rig.record;
  for (const stateVersion of [CLAIMED_VERSION_MAX + 1, Number.MAX_SAFE_INTEGER]) {
    device.send(device.reattachFrame(device.claim(2, { stateVersion })), 2);
    expect(rig.effects.filter(({ kind }) => kind === 'swap' || kind === 'send')).toEqual([]);
  }
  expect(rig.record).toEqual(before);
  expect(rig.seat.counters['version_out_of_range']).toBe(2);
  device.version = CLAIMED_VERSION_MAX - 1;
  device.move(2);
  expect(rig.record?.stateVersion).toBe(CLAIMED_VERSION_MAX);
});

test('an end that names such a version ends the session, under a version of the hub’s own', () => {
  const { rig, device } = attached();
  const { sessionId } = device;
  const stateVersion = Number.MAX_SAFE_INTEGER;
  device.send({ type: 'terminate', sessionId, reasonCode: 'shutdown', stateVersion }, 1);
  expect(rig.record).toMatchObject({ terminated: 'shutdown', stateVersion: 2 });
});
