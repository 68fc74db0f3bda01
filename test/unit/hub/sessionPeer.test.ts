/**
 * Goal: one session that breaks, wherever it does, ends alone; and copies of what a device sent hide none of its answers.
 */
import { describe, expect, test } from 'bun:test';
import { FRAMES_AT_ONCE_MAX } from '../../../hub/frameBudget.ts';
import { InvariantError } from '../../../session/assert.ts';
import { decodeFrame } from '../../../session/wire/decode.ts';
import { encodeFrame } from '../../../session/wire/encode.ts';
import type { Challenge, Frame } from '../../../session/wire/frames.ts';
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

describe('◆ who forwards faster and repeats more than is looked at does not make the old address seem silent', () => {
  for (const [where, isSpoofed] of [
    ['from their own address', false],
    ['in the name of the old address', true],
  ] as const) {
    test(where, async () => {
      const rig: SiteRig = new SiteRig([new RigDevice(1, () => rig).enrolled]);
      const device = RigDevice.on(rig, 1, '198.51.100.1');
      const racer = RigDevice.on(rig, 1, '203.0.113.66');
      await device.attach(1);
      const { session } = device;
      const challengeIn = (datagrams: readonly Uint8Array[]): Challenge => {
        const frames = datagrams.flatMap((datagram): Frame[] => {
          const opened = session!.openControl(datagram);
          const decoded = opened.ok ? decodeFrame(opened.value.plaintext) : null;
          return decoded?.ok ? [decoded.value] : [];
        });
        return frames.find((frame) => frame.type === 'challenge') as Challenge;
      };
      const answered = ({ token }: Challenge) =>
        session!.sealControl(1, encodeFrame({ type: 'response', token, isMine: true }));

      const probe = session!.sealControl(1, encodeFrame({ type: 'probe', probeId: 7 }));
      racer.send(probe);
      const toOld = answered(challengeIn(device.take()));
      const toNew = answered(challengeIn(racer.take()));
      racer.send(toNew);
      racer.send(toOld);
      for (let sent = 0; sent < 1_000; sent++) (isSpoofed ? device : racer).send(probe);
      device.send(toOld);
      rig.pass(1_000);
      expect(rig.audited('nat_rebind')).toEqual([]);
      expect(rig.audited('redirect_refused')).toHaveLength(1);
    });
  }
});

test('copies beyond what is looked at cost the seat no step, an answer over and over included', async () => {
  const rig: SiteRig = new SiteRig([new RigDevice(1, () => rig).enrolled]);
  const device = RigDevice.on(rig, 1, '198.51.100.1');
  await device.attach(1);
  const peer = rig.peers.session(device.enrolled.publicKey)!;
  let steps = 0;
  const { feed } = peer;
  peer.feed = (event) => {
    if (event.kind === 'duplicate') steps += 1;
    feed.call(peer, event);
  };
  const response = { type: 'response', token: new Uint8Array(8), isMine: true } as const;
  const answer = device.session!.sealControl(1, encodeFrame(response));
  for (let sent = 0; sent < 1_000; sent++) device.send(answer);
  expect(steps).toBe(FRAMES_AT_ONCE_MAX);
});

test('a claim is rehearsed once as soon as there is one, then four times a second while data comes, for all devices together', async () => {
  const rig: SiteRig = new SiteRig(
    [1, 2].map((number) => new RigDevice(number, () => rig).enrolled),
  );
  const devices = [1, 2].map((number) => RigDevice.on(rig, number, `198.51.100.${number}`));
  for (const device of devices) await device.attach(1);
  const records = [...rig.records.values()];
  const rehearsed = () => rig.posted.filter(({ kind }) => kind === 'rehearse').length;
  expect(rehearsed()).toBe(0);
  rig.nowMs += 250;
  rig.site.deadlines.run(rig.nowMs);
  expect(rehearsed()).toBe(1);
  rig.nowMs += 250;
  for (let ms = 0; ms < 1_000; ms += 25) {
    for (const [at, device] of devices.entries()) {
      device.send(device.sealed(1, packet(`10.77.0.${at + 2}`, '10.0.0.9')));
    }
    // Behind the data, and not before it is on its way.
    const before = rehearsed();
    rig.site.flushReceived();
    expect(rehearsed()).toBe(before);
    rig.site.deadlines.run(rig.nowMs);
    rig.nowMs += 25;
  }
  expect(rehearsed()).toBe(1 + 4);
  expect(rig.counters.invariant_violated).toBe(0);
  expect([...rig.records.values()]).toEqual(records);
});
