/**
 * Goal: only authentic, accepted data of its own address passes; everything else is counted and moves
 * nothing; one device's trouble is not another's.
 */
import { expect, test } from 'bun:test';
import type { EnrolledDevice } from '../../../hub/device.ts';
import { LOAD_HANDSHAKES_PER_WINDOW } from '../../../hub/door.ts';
import { consumeCookieReply } from '../../../session/channel/macs.ts';
import { memoryOf } from '../../../session/memory.ts';
import { Random } from '../../sim/random.ts';
import { attachFrame, packet, RigDevice, SiteRig, settled } from './siteRig.ts';

/** A hub with the devices at 198.51.100.<n>, each with inner address 10.77.0.<n+1>. */
function hubWith(...wanted: [number, Partial<EnrolledDevice>?][]): {
  rig: SiteRig;
  devices: RigDevice[];
} {
  const enrolled = wanted.map(([number, more]) => new RigDevice(number, () => rig, more).enrolled);
  const rig = new SiteRig(enrolled);
  const devices = wanted.map(([number, more]) =>
    RigDevice.on(rig, number, `198.51.100.${number}`, more),
  );
  return { rig, devices };
}

const UP = packet('10.77.0.2', '10.0.0.9');
const DOWN = packet('10.0.0.9', '10.77.0.2');

test('a device attaches and data passes both ways', async () => {
  const { rig, devices } = hubWith([1]);
  const [device] = devices as [RigDevice];
  expect((await device.attach(1)).map(({ type }) => type)).toContain('attached');
  device.send(device.sealed(1, UP));
  expect(rig.tun.takeDelivered()).toEqual([UP]);
  rig.fromSite(DOWN);
  const [sealed] = device.take();
  const opened = new Uint8Array(2_000);
  expect(
    device.session?.openData(memoryOf(sealed!.slice()), 0, sealed!.length, memoryOf(opened), 0),
  ).toBe(DOWN.length);
  expect([...opened.subarray(0, DOWN.length)]).toEqual([...DOWN]);
});

test('data right behind a claim waits for its commit, is delivered once, and not without it', async () => {
  const { rig, devices } = hubWith([1]);
  const [device] = devices as [RigDevice];
  rig.held = [];
  device.shakeHands();
  device.session!.enableData('aes-256-gcm');
  device.sendFrame(1, attachFrame(1));
  device.send(device.sealed(1, UP));
  expect(rig.tun.takeDelivered()).toEqual([]);
  rig.release();
  await settled();
  expect(rig.tun.takeDelivered()).toEqual([UP]);
  device.send(device.sealed(2, UP));
  expect(rig.tun.takeDelivered()).toEqual([]);
});

test('◆ I9: a packet from an address that is not the device’s own is dropped and counted', async () => {
  const { rig, devices } = hubWith([1], [2, { allowed: ['192.168.7.0/24'] }]);
  const [one, two] = devices as [RigDevice, RigDevice];
  await one.attach(1);
  await two.attach(1, 'bb');
  for (const source of ['10.77.0.3', '192.168.7.1', '8.8.8.8', '10.77.0.1']) {
    one.send(one.sealed(1, packet(source, '10.0.0.9')));
  }
  expect(rig.tun.takeDelivered()).toEqual([]);
  expect(rig.counters.source_forbidden).toBe(4);
  const routed = packet('192.168.7.1', '10.0.0.9');
  two.send(two.sealed(1, routed));
  expect(rig.tun.takeDelivered()).toEqual([routed]);
});

test('a replayed datagram is delivered once; reordered ones all arrive', async () => {
  const { rig, devices } = hubWith([1]);
  const [device] = devices as [RigDevice];
  await device.attach(1);
  const sealed = Array.from({ length: 5 }, () => device.sealed(1, UP));
  for (const datagram of [...sealed].reverse()) device.send(datagram);
  for (const datagram of sealed) device.send(datagram);
  expect(rig.tun.takeDelivered()).toHaveLength(5);
  expect(rig.counters.replayed_datagram).toBe(5);
});

test('random, truncated and altered datagrams are counted and change no state', async () => {
  const { rig, devices } = hubWith([1]);
  const [device] = devices as [RigDevice];
  await device.attach(1);
  const random = new Random(3);
  const before = JSON.stringify(rig.peers.status());
  const good = device.sealed(1, UP);
  const control = device.session!.sealControl(1, new Uint8Array(10));
  let sent = 0;
  for (let round = 0; round < 500; round++) {
    const source = [good, control, device.initiation(), random.bytes(200)][round % 4]!;
    const altered = source.slice(
      0,
      random.chance(50) ? source.length : random.below(source.length),
    );
    if (altered.length > 0) altered[random.below(altered.length)]! ^= 1 + random.below(255);
    else continue;
    device.send(altered);
    sent += 1;
  }
  const { malformed_datagram, wrong_key_datagram, data_not_accepted, replayed_datagram } =
    rig.counters;
  // An altered transport id makes data of another transport, which is held and never opened.
  const heldMax = 64;
  const counted = malformed_datagram + wrong_key_datagram + data_not_accepted + replayed_datagram;
  expect(counted).toBeGreaterThanOrEqual(sent - heldMax);
  expect(JSON.stringify(rig.peers.status())).toBe(before);
  expect(rig.tun.takeDelivered()).toEqual([]);
  device.send(good);
  expect(rig.tun.takeDelivered()).toEqual([UP]);
});

test('a mode is never inferred: plain data from a session device and the reverse are dropped', async () => {
  const { rig, devices } = hubWith([1], [2, { mode: 'plain' }]);
  const [one, two] = devices as [RigDevice, RigDevice];
  await one.attach(1);
  const asPlain = one.sealed(1, UP);
  asPlain.set([4, 0, 0, 0]);
  one.send(asPlain);
  two.shakeHands();
  const target = new Uint8Array(2_000);
  const bytes = two.plain!.sealData(
    memoryOf(packet('10.77.0.3', '10.0.0.9').slice()),
    0,
    60,
    memoryOf(target),
    0,
  );
  const asSession = target.slice(0, bytes);
  asSession.set([17, 1, 1, 0]);
  two.send(asSession);
  expect(rig.counters.mode_mismatch).toBe(2);
  two.send(target.slice(0, bytes));
  expect(rig.tun.takeDelivered()).toHaveLength(1);
});

test('strangers and the revoked get no answer, are counted, and are a line a second in the log', () => {
  const { rig, devices } = hubWith([1, { revokedAtMs: 1 }]);
  const stranger = RigDevice.on(rig, 9, '198.51.100.9');
  for (let round = 0; round < 10; round++) {
    devices[0]!.send(devices[0]!.initiation());
    stranger.send(stranger.initiation());
  }
  expect([rig.counters.revoked, rig.counters.not_enrolled]).toEqual([10, 10]);
  expect([devices[0]!.take(), stranger.take()]).toEqual([[], []]);
  expect(rig.audited('revoked')).toHaveLength(1);
  rig.pass(1_000);
  expect(rig.audited('revoked').map(({ detail }) => detail['repeated'])).toEqual([undefined, 9]);
  expect(rig.audited('not_enrolled')).toHaveLength(2);
});

test('an old timestamp draws one clock hint for a session device, and silence for a plain one', () => {
  const { rig, devices } = hubWith([1], [2, { mode: 'plain' }]);
  for (const device of devices) {
    const old = device.initiation();
    device.send(device.initiation());
    rig.nowMs += 100;
    device.take();
    for (let round = 0; round < 5; round++) device.send(old);
  }
  const hints = devices.map((device) => device.take().map((datagram) => datagram[0]));
  expect(hints).toEqual([[18], []]);
  expect([rig.counters.replayed_datagram, rig.counters.clock_hint_sent]).toEqual([10, 1]);
});

test('who repeats a recorded initiation takes no clock hint from the device, wherever it is not', () => {
  const { rig, devices } = hubWith([1]);
  const [device] = devices as [RigDevice];
  const thief = RigDevice.on(rig, 1, '203.0.113.66');
  const recorded = device.initiation();
  const behind = device.initiation();
  device.send(device.initiation());
  device.take();
  for (let second = 1; second <= 3; second++) {
    rig.nowMs += 1_000;
    thief.send(recorded);
    device.send(behind);
    expect([thief, device].map((each) => each.take().map(([type]) => type))).toEqual([[18], [18]]);
    rig.nowMs += 400;
    device.send(behind);
    expect(device.take()).toEqual([]);
  }
});

test('under load an address has to prove itself: a cookie, and with it an answer', () => {
  const { rig, devices } = hubWith([1]);
  const [device] = devices as [RigDevice];
  const flood = device.initiation();
  for (let sent = 0; sent <= LOAD_HANDSHAKES_PER_WINDOW; sent++) device.send(flood);
  device.take();
  device.send(device.initiation());
  const [reply] = device.take();
  expect(reply?.[0]).toBe(3);
  const cookie = consumeCookieReply(reply!, device.pending!);
  expect(cookie.ok).toBe(true);
  rig.nowMs += 500; // the network's share of handshakes fills up again, the load lasts
  device.send(device.initiation(cookie.ok ? cookie.value : null));
  expect(device.take()[0]?.[0]).toBe(2);
});

test('a seat that breaks ends alone: it is reported, its channels are gone, the other goes on', async () => {
  const { rig, devices } = hubWith([1], [2]);
  const [one, two] = devices as [RigDevice, RigDevice];
  await one.attach(1);
  await two.attach(1, 'bb');
  const broken = rig.peers.session(one.enrolled.publicKey)!;
  broken.feed({ kind: 'tick', atMs: 0 });
  expect(rig.audited('invariant_violated')).toHaveLength(1);
  expect(rig.posted.at(-1)).toMatchObject({ kind: 'violated', device: one.enrolled.publicKey });
  expect(one.frames().map(({ type }) => type)).toEqual(['terminate']);
  one.send(one.sealed(1, UP));
  expect(rig.tun.takeDelivered()).toEqual([]);
  const other = packet('10.77.0.3', '10.0.0.9');
  two.send(two.sealed(1, other));
  expect(rig.tun.takeDelivered()).toEqual([other]);

  const record = rig.records.get(one.enrolled.publicKey)!;
  const ended = {
    ...record,
    revision: record.revision + 1,
    terminated: 'invariant_violated',
  } as const;
  rig.records.set(one.enrolled.publicKey, ended);
  broken.rebuild(ended);
  rig.pass(0);
  await settled();
  one.shakeHands();
  one.sendFrame(1, attachFrame(1, 'cc', record.stateVersion + 10));
  await settled();
  expect(one.frames().map(({ type }) => type)).toContain('attached');
});

test('◆ a refused channel stays refused: its address gets no handshake until the time is over', async () => {
  const { rig, devices } = hubWith([1]);
  const [device] = devices as [RigDevice];
  await device.attach(1);
  const peer = rig.peers.session(device.enrolled.publicKey)!;
  const elsewhere = RigDevice.on(rig, 1, '198.51.100.77');
  elsewhere.shakeHands();
  elsewhere.sendFrame(1, attachFrame(1, 'dd', 1));
  const before = rig.site.channels.size;
  const copy = rig.site.channels.find(elsewhere.session!.remoteIndex);
  peer.channels.drop(copy!.keypair!.localIndex, 600_000, rig.nowMs);
  expect(rig.site.channels.size).toBe(before - 1);
  rig.nowMs += 100;
  elsewhere.take();
  elsewhere.send(elsewhere.initiation());
  expect([elsewhere.take(), rig.counters.channel_refused]).toEqual([[], 1]);
  device.shakeHands();
  rig.nowMs += 600_000;
  elsewhere.send(elsewhere.initiation());
  expect(elsewhere.take()[0]?.[0]).toBe(2);
});

test('revoking a device ends its session with that reason and drops its keys', async () => {
  const { rig, devices } = hubWith([1]);
  const [device] = devices as [RigDevice];
  await device.attach(1);
  const revoked = { ...device.enrolled, revokedAtMs: rig.nowMs };
  rig.peers.onDevice(revoked, rig.records.get(device.enrolled.publicKey) ?? null);
  await settled();
  expect(device.frames()).toMatchObject([{ type: 'terminate', reasonCode: 'revoked' }]);
  expect(rig.records.get(device.enrolled.publicKey)?.terminated).toBe('revoked');
  expect(rig.site.channels.size).toBe(0);
  rig.fromSite(DOWN);
  expect(rig.counters.no_destination).toBe(1);
});

test('a device enrolled anew in another mode begins anew', async () => {
  const { rig, devices } = hubWith([1]);
  const [device] = devices as [RigDevice];
  await device.attach(1);
  rig.peers.onDevice({ ...device.enrolled, mode: 'plain' }, null);
  expect(rig.site.channels.size).toBe(0);
  const plain = RigDevice.on(rig, 1, '198.51.100.50', { mode: 'plain' });
  plain.shakeHands();
  const target = new Uint8Array(200);
  const bytes = plain.plain!.sealData(memoryOf(UP.slice()), 0, UP.length, memoryOf(target), 0);
  plain.send(target.slice(0, bytes));
  expect(rig.tun.takeDelivered()).toEqual([UP]);
});

test('a store that does not answer is an unknown outcome after 2 s, and asked again', async () => {
  const { rig, devices } = hubWith([1]);
  const [device] = devices as [RigDevice];
  rig.held = [];
  device.shakeHands();
  device.sendFrame(1, attachFrame(1));
  expect(rig.held).toHaveLength(1);
  rig.pass(1_999);
  expect(rig.counters.swap_timeout).toBe(0);
  rig.pass(1);
  expect(rig.counters.swap_timeout).toBe(1);
  rig.pass(200);
  expect(rig.held).toHaveLength(2);
  expect(rig.held[1]?.record).toEqual(rig.held[0]!.record);
  rig.release();
  await settled();
  expect(device.frames().map(({ type }) => type)).toContain('attached');
});

test('packets for a device without a session, or of nobody, are dropped and counted', () => {
  const { rig } = hubWith([1]);
  rig.fromSite(DOWN);
  rig.fromSite(packet('10.0.0.9', '10.77.0.99'));
  expect([rig.counters.no_route, rig.counters.no_destination]).toEqual([1, 1]);
});

test('what waits for a device that is revoked is dropped and counted, whoever owns its session', async () => {
  const { rig, devices } = hubWith([1]);
  const [device] = devices as [RigDevice];
  const { enrolled } = device;
  await device.attach(1);
  const record = rig.records.get(enrolled.publicKey)!;
  expect(record.terminated).toBeNull();
  const other = new SiteRig([enrolled], [record]);
  other.held = []; // the store does not answer: it owns nothing
  other.fromSite(DOWN);
  expect(other.peers.session(enrolled.publicKey)?.data.heldCount).toBe(1);
  expect(other.counters.no_route).toBe(0);
  other.peers.onDevice({ ...enrolled, revokedAtMs: other.nowMs }, record);
  expect(other.peers.session(enrolled.publicKey)?.data.heldCount).toBe(0);
  expect(other.counters.no_route).toBe(1);
});
