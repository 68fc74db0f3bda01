/** Goal: what is held for a commit is little, whoever sends it. */
import { expect, test } from 'bun:test';
import { plainMemory } from '../../../session/memory.ts';
import type { Frame } from '../../../session/wire/frames.ts';
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { steadyPacket } from '../session/packet/traffic.ts';
import { encodeWhole, SYN } from '../session/packet/twin.ts';
import { attachFrame, packet, RigDevice, SiteRig, settled } from './siteRig.ts';

async function attachedRig(): Promise<{ rig: SiteRig; device: RigDevice }> {
  const rig: SiteRig = new SiteRig([new RigDevice(1, () => rig).enrolled]);
  const device = RigDevice.on(rig, 1, '198.51.100.1');
  await device.attach(1);
  return { rig, device };
}

test('data that waits for a commit is bounded in bytes, too: nobody opened it yet', async () => {
  const { rig, device } = await attachedRig();
  const huge = new Uint8Array(60_000);
  huge.set(device.sealed(2, packet('10.77.0.2', '10.0.0.9')));
  for (let sent = 0; sent < 10; sent++) device.send(huge);
  expect(rig.counters.data_not_accepted).toBe(9);
});

test('what waited too long is dropped and counted when the next comes', async () => {
  const { rig, device } = await attachedRig();
  const early = device.sealed(2, packet('10.77.0.2', '10.0.0.9'));
  for (let sent = 0; sent < 5; sent++) device.send(early);
  expect(rig.counters.data_not_accepted).toBe(0);
  rig.nowMs += 501;
  device.send(early);
  expect(rig.counters.data_not_accepted).toBe(5);
  await settled();
  expect(rig.tun.takeDelivered()).toEqual([]);
});

test('a checksum that nobody can complete is a drop that is counted, not a packet received', async () => {
  const { rig, device } = await attachedRig();
  const marked = packet('10.77.0.2', '10.0.0.9');
  marked[0] = 0x80 | 0x45;
  device.send(device.sealed(1, marked));
  expect(rig.tun.takeDelivered()).toEqual([]);
  expect(rig.counters.malformed_packet).toBe(1);
  expect(rig.site.traffic.received).toBe(0);

  device.send(device.sealed(1, packet('10.77.0.2', '10.0.0.9')));
  expect([rig.tun.takeDelivered().length, rig.site.traffic.received]).toEqual([1, 1]);
});

test('a SYN of the site learns the narrower of the two: what the device says, and tunnel.mtu here', async () => {
  for (const [deviceMtuBytes, mssBytes] of [
    [9_000, 1_400],
    [1_300, 1_260],
  ] as const) {
    const rig: SiteRig = new SiteRig([new RigDevice(1, () => rig).enrolled]);
    const device = RigDevice.on(rig, 1, '198.51.100.1');
    device.shakeHands();
    device.sendFrame(1, { ...attachFrame(1), mtuBytes: deviceMtuBytes } as Frame);
    await settled();
    device.frames();
    device.session!.enableData('aes-256-gcm');

    const options = [2, 4, 8_960 >> 8, 8_960 & 255];
    const syn = { ...steadyPacket(4, 6, 0), target: [10, 77, 0, 2], flags: SYN, options };
    rig.fromSite(Uint8Array.from(encodeWhole(syn)));
    const [datagram] = device.take();
    const source = plainMemory(datagram!.length);
    source.bytes.set(datagram!);
    const opened = plainMemory(100);
    expect(device.session!.openData(source, 0, datagram!.length, opened, 0)).toBe(44);
    expect([...opened.bytes.subarray(40, 44)]).toEqual([2, 4, mssBytes >> 8, mssBytes & 255]);
  }
});

test('◆ while the address of a binding is asked, what is sent goes to the one that answered as well', async () => {
  const { rig, device } = await attachedRig();
  const moved = RigDevice.on(rig, 1, '198.51.100.2');
  moved.session = device.session;
  const got = () => {
    rig.fromSite(packet('10.0.0.9', '10.77.0.2'));
    return [device, moved].map((at) => at.take().filter(([type]) => type === MESSAGE_TYPE.data));
  };
  moved.send(device.sealed(1, packet('10.77.0.2', '10.0.0.9')));
  const [challenge] = moved.frames().filter((frame) => frame.type === 'challenge');
  expect(got().map((datagrams) => datagrams.length)).toEqual([1, 0]);

  moved.sendFrame(1, { type: 'response', token: challenge!.token, isMine: false });
  const [there, here] = got();
  expect(there?.length).toBe(1);
  // One counter, one ciphertext: whoever gets both drops one as a copy.
  expect(here).toEqual(there!);

  rig.pass(200);
  expect(rig.audited('nat_rebind').length).toBe(1);
  expect(got().map((datagrams) => datagrams.length)).toEqual([0, 1]);
});
