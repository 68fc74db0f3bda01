/** Goal: one session that breaks, wherever it does, ends alone. */
import { expect, test } from 'bun:test';
import { InvariantError } from '../../../session/assert.ts';
import { packet, RigDevice, SiteRig } from './siteRig.ts';

test('an invariant that breaks while effects are carried out ends that session alone', async () => {
  const rig: SiteRig = new SiteRig(
    [1, 2].map((number) => new RigDevice(number, () => rig).enrolled),
  );
  const [one, two] = [1, 2].map((number) => RigDevice.on(rig, number, `198.51.100.${number}`)) as [
    RigDevice,
    RigDevice,
  ];
  await one.attach(1);
  await two.attach(1, 'bb');
  // Keys that cannot seal any more: what a defect of ours would look like here.
  const { remoteIndex } = one.session!;
  const { keypair } = rig.site.channels.find(remoteIndex)!;
  Object.defineProperty(keypair, 'remoteIndex', {
    get: () => {
      throw new InvariantError('a key that is not there');
    },
  });
  one.sendFrame(1, { type: 'probe', probeId: 99 });
  expect(rig.counters.invariant_violated).toBe(1);
  expect(rig.audited('invariant_violated')).toHaveLength(1);
  expect(rig.posted.at(-1)).toMatchObject({ kind: 'violated', device: one.enrolled.publicKey });
  const other = packet('10.77.0.3', '10.0.0.9');
  two.send(two.sealed(1, other));
  expect(rig.tun.takeDelivered()).toEqual([other]);
});

test('I8: an end that the main thread wrote is a transition in the log, once', async () => {
  const rig: SiteRig = new SiteRig([new RigDevice(1, () => rig).enrolled]);
  const device = RigDevice.on(rig, 1, '198.51.100.1');
  await device.attach(1);
  const peer = rig.peers.session(device.enrolled.publicKey)!;
  const record = rig.records.get(device.enrolled.publicKey)!;
  const ended = {
    ...record,
    revision: record.revision + 1,
    stateVersion: record.stateVersion + 1,
    ownerEpoch: record.ownerEpoch + 1,
    terminated: 'invariant_violated',
  } as const;
  peer.feed({ kind: 'tick', atMs: 0 });
  peer.rebuild(ended);
  peer.rebuild(ended);
  const moves = rig.audited('invariant_violated').filter(({ event }) => event === 'transition');
  expect(moves).toMatchObject([
    {
      from: 'ATTACHED',
      to: 'TERMINATED',
      sessionId: record.sessionId,
      stateVersion: record.stateVersion + 1,
      ownerEpoch: record.ownerEpoch + 1,
    },
  ]);
});

test('I8: a device enrolled anew with other addresses ends its session in the log, too', async () => {
  const rig: SiteRig = new SiteRig([new RigDevice(1, () => rig).enrolled]);
  const device = RigDevice.on(rig, 1, '198.51.100.1');
  await device.attach(1);
  const record = rig.records.get(device.enrolled.publicKey)!;
  const ended = {
    ...record,
    revision: record.revision + 1,
    stateVersion: record.stateVersion + 1,
    terminated: 'operator_terminated',
  } as const;
  rig.peers.onDevice({ ...device.enrolled, inner4: '10.77.0.50/32' }, ended);
  expect(rig.audited('operator_terminated')).toMatchObject([
    { event: 'transition', from: 'ATTACHED', to: 'TERMINATED' },
  ]);
});
