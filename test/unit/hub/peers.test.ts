/** Goal: what changed while no hub ran is noticed by the one that starts, and what a hub counts only grows. */
import { expect, test } from 'bun:test';
import type { EnrolledDevice } from '../../../hub/device.ts';
import { RigDevice, SiteRig, settled } from './siteRig.ts';

/** A hub that starts on the record of a living session, with its device enrolled as `change` says. */
async function restarted(change: Partial<EnrolledDevice>) {
  const before: SiteRig = new SiteRig([new RigDevice(1, () => before).enrolled]);
  const device = RigDevice.on(before, 1, '198.51.100.1');
  await device.attach(1);
  const { publicKey } = device.enrolled;
  const record = before.records.get(publicKey)!;
  const rig = new SiteRig([{ ...device.enrolled, ...change }], [record]);
  for (let round = 0; round < 5; round++) {
    rig.pass(1);
    await settled();
  }
  return { rig, record, after: rig.records.get(publicKey)! };
}

test('a session whose device got other addresses meanwhile is ended: it would send from the old ones', async () => {
  const { rig, record, after } = await restarted({ inner4: '10.77.0.50/32' });
  expect(after).toMatchObject({
    terminated: 'operator_terminated',
    stateVersion: record.stateVersion + 1,
  });
  expect(rig.audited('operator_terminated')).toMatchObject([{ to: 'TERMINATED' }]);
});

test('a session whose device is as it was goes on', async () => {
  const { after, record } = await restarted({ name: 'another-name' });
  expect(after).toMatchObject({ terminated: null, stateVersion: record.stateVersion });
});

test('what was sent again stays counted when its device is revoked, and when it is enrolled anew', async () => {
  const rig: SiteRig = new SiteRig([new RigDevice(1, () => rig).enrolled]);
  const { enrolled } = RigDevice.on(rig, 1, '198.51.100.1');
  const counted = { datagrams: 3, bytes: 4_200, tooOld: 2, gone: 4, overPace: 1, duplicates: 5 };
  Object.assign(rig.peers.session(enrolled.publicKey)!.data.resend, counted);
  const changes: Partial<EnrolledDevice>[] = [
    { revokedAtMs: 1 },
    { inner4: '10.77.0.50/32' },
    { mode: 'plain' },
    { mode: 'session' },
  ];
  for (const change of changes) {
    rig.peers.onDevice({ ...enrolled, ...change }, null);
    expect([change, rig.peers.resend()]).toEqual([change, counted]);
  }
  rig.peers.session(enrolled.publicKey)!.data.resend.datagrams += 1;
  expect(rig.peers.resend()).toEqual({ ...counted, datagrams: 4 });
  expect(rig.peers.resend()).toEqual({ ...counted, datagrams: 4 });
});
