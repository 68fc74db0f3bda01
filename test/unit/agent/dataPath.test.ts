/** Goal: a keypair is as old as its first data packet says, whichever way that went. */
import { expect, test } from 'bun:test';
import { DataPath } from '../../../agent/dataPath.ts';
import { newPacketCounters } from '../../../agent/status.ts';
import { Transmitter } from '../../../agent/transmitter.ts';
import type { Path } from '../../../agent/uplinks.ts';
import { nodeCiphers } from '../../../hal/linux/ciphers.ts';
import { nativeMemory } from '../../../hal/linux/memory.ts';
import { MemoryTun } from '../../../hal/memory/tun.ts';
import { SessionKeypair } from '../../../session/channel/sessionKeypair.ts';
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

test('what is not sealed starts nothing', () => {
  const { keypair, path } = route();
  const data = dataPath();
  data.setRoute({ keypair, path }, 1_000);
  data.onPacket(nativeMemory(64), 0, 64, 5_000);
  expect([keypair.sentCounter, keypair.firstDataAtMs]).toEqual([-1, null]);
});
