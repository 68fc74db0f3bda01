/** Goal: a keypair is as old as its first data packet says, whichever way that went. */
import { expect, test } from 'bun:test';
import { DataPath } from '../../../agent/dataPath.ts';
import { newMeter, UNMETERED } from '../../../agent/metering.ts';
import { newPacketCounters } from '../../../agent/status.ts';
import { Transmitter } from '../../../agent/transmitter.ts';
import type { Path } from '../../../agent/uplinks.ts';
import { nodeCiphers } from '../../../hal/linux/ciphers.ts';
import { nativeMemory } from '../../../hal/linux/memory.ts';
import { MemoryTun } from '../../../hal/memory/tun.ts';
import { SessionKeypair } from '../../../session/channel/sessionKeypair.ts';
import { VIRTIO_BYTES } from '../../../session/packet/virtio.ts';
import { parseAddress } from '../../../session/wire/address.ts';
import { handshake, newEnds } from '../session/channel/twoEnds.ts';
import { steadyPacket } from '../session/packet/traffic.ts';
import { tunFrame } from '../session/packet/twin.ts';

const BUFFER_BYTES = 1_048_576;
const AGE_MAX_MS = 2_000;

function route() {
  const { device, deviceIndex, hubIndex } = handshake(newEnds(7));
  const keypair = new SessionKeypair({
    secrets: device,
    ciphers: nodeCiphers,
    localIndex: deviceIndex,
    remoteIndex: hubIndex,
    isInitiator: true,
    createdAtMs: 0,
  });
  keypair.enableData('aes-256-gcm');
  const address = parseAddress('192.0.2.1:51820');
  if (!address.ok) throw new Error(address.code);
  const view = { name: 'eth0', kind: 'ethernet', hasCarrier: true, mtuBytes: 1_500, endpoints: [] };
  const uplink = {
    name: 'eth0',
    kind: 'ethernet',
    socket: null,
    index: 0,
    view,
    refused: [],
    skippedCount: 0,
    icmpCount: 0,
    meter: newMeter('eth0', UNMETERED),
    family: 4,
  };
  const path = { transportId: 1, uplink, endpoint: '192.0.2.1:51820', address: address.value };
  return { keypair, path: path as Path };
}

function dataPath(): DataPath {
  const counters = newPacketCounters();
  return new DataPath(
    new MemoryTun(),
    new Transmitter(counters, nativeMemory),
    counters,
    BUFFER_BYTES,
    nativeMemory,
    { maxAgeMs: () => AGE_MAX_MS, keypair: () => null, tell: () => undefined },
  );
}

test('data that only goes out makes its keypair due, too', () => {
  const { keypair, path } = route();
  const data = dataPath();
  data.setRoute({ keypair, path }, 1_000);
  expect(keypair.firstDataAtMs).toBeNull();

  const frame = tunFrame(steadyPacket(4, 17, 100), 0);
  const memory = nativeMemory(frame.length);
  memory.bytes.set(frame);
  data.onPacket(memory, 0, frame.length, 5_000);
  data.flushSent();
  expect(keypair.sentCounter).toBe(0);
  expect(keypair.firstDataAtMs).toBe(5_000);
});

test('a packet that waited is counted once, when it is sealed, and told of before that', () => {
  const { keypair, path } = route();
  const data = dataPath();
  const frame = tunFrame(steadyPacket(4, 17, 100), 0);
  const memory = nativeMemory(frame.length);
  memory.bytes.set(frame);
  for (let packet = 0; packet < 3; packet++) data.onPacket(memory, 0, frame.length, 1_000);
  expect(data.takeTraffic(1_000, 0)).toEqual({ sentPackets: 0, heardOn: [] });
  expect(data.takeTraffic(1_000, 0)).toBeNull();
  data.setRoute({ keypair, path }, 1_100);
  data.flushSent();
  expect(keypair.sentCounter).toBe(2);
  expect(data.takeTraffic(1_200, 0)?.sentPackets).toBe(3);
});

test('what is not sealed starts nothing', () => {
  const { keypair, path } = route();
  const data = dataPath();
  data.setRoute({ keypair, path }, 1_000);
  data.onPacket(nativeMemory(64), 0, 64, 5_000);
  expect([keypair.sentCounter, keypair.firstDataAtMs]).toEqual([-1, null]);
});

/** A hub that seals for the device, and a device that has a route on transport 1. */
function ends(transportId = 2) {
  const made = handshake(newEnds(7));
  const { deviceIndex, hubIndex } = made;
  const origin = { ciphers: nodeCiphers, createdAtMs: 0 };
  const device = new SessionKeypair({
    ...origin,
    secrets: made.device,
    localIndex: deviceIndex,
    remoteIndex: hubIndex,
    isInitiator: true,
  });
  const hub = new SessionKeypair({
    ...origin,
    secrets: made.hub,
    localIndex: hubIndex,
    remoteIndex: deviceIndex,
    isInitiator: false,
  });
  for (const keypair of [device, hub]) keypair.enableData('aes-256-gcm');
  const packet = tunFrame(steadyPacket(4, 17, 100), 0).slice(VIRTIO_BYTES);
  const source = nativeMemory(packet.length);
  source.bytes.set(packet);
  const sealed = nativeMemory(2_000);
  const bytes = hub.sealData(transportId, source, 0, packet.length, sealed, 0);
  return { device, sealed, bytes };
}

test('what is not accepted is not opened: it may come again over a way that is', () => {
  const { device, sealed, bytes } = ends();
  const data = dataPath();
  data.setAccepted(new Map([[1, null]]));
  data.onData(device, sealed, 0, bytes, 0, true, 1_000);
  expect(device.received().counterMax).toBe(-1);
  data.setAccepted(
    new Map([
      [1, null],
      [2, 3_000],
    ]),
  );
  data.onData(device, sealed, 0, bytes, 0, false, 3_001);
  expect(device.received().counterMax).toBe(-1);
  data.onData(device, sealed, 0, bytes, 0, false, 3_000);
  expect(device.received().counterMax).toBe(0);
});

test('what is sent again proves the way it came, not the one that it names', () => {
  for (const isOwnWay of [true, false]) {
    const { device, sealed, bytes } = ends();
    const data = dataPath();
    data.setAccepted(
      new Map([
        [1, null],
        [2, 3_000],
      ]),
    );
    data.onData(device, sealed, 0, bytes, 0, isOwnWay, 1_000);
    expect(device.received().counterMax).toBe(0);
    const heardOn = data.takeTraffic(2_000, 0)?.heardOn ?? [];
    expect(heardOn.map(({ transportId }) => transportId)).toEqual(isOwnWay ? [2] : []);
  }
});

test('each transport is told with its newest packet, of one batch as of several, and anew after it was told', () => {
  const data = dataPath();
  data.setAccepted(
    new Map([
      [1, null],
      [2, null],
    ]),
  );
  const hear = (transportId: number, atMs: number) => {
    const { device, sealed, bytes } = ends(transportId);
    data.onData(device, sealed, 0, bytes, 0, true, atMs);
  };
  hear(1, 1_000);
  hear(2, 1_000);
  hear(2, 1_001);
  expect(data.takeTraffic(2_000, 0)?.heardOn).toEqual([
    { transportId: 1, atMs: 1_000 },
    { transportId: 2, atMs: 1_001 },
  ]);
  hear(2, 1_001);
  expect(data.takeTraffic(3_000, 0)?.heardOn).toEqual([{ transportId: 2, atMs: 1_001 }]);
});
