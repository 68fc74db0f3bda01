/** Goal: what changed while no hub ran is noticed by the one that starts. */
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
