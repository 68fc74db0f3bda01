/**
 * Goal: a packet leaves nothing for the garbage collector, on its whole way from one tun to the other.
 *
 * Method: the path is run hot and the heap collected; then 920,000 packets pass. One small object for
 * each would be 15 MB and more, and the collector comes after 8 MB at the latest: it would take the
 * canaries, which only weak references hold. Only the cipher is left out: its own tests do the same.
 */

import { expect, test } from 'bun:test';
import type { Ciphers } from '../../../session/channel/aead.ts';
import type { DataKey } from '../../../session/channel/dataKey.ts';
import { nobleCiphers } from '../../../session/channel/noble.ts';
import { sessionInnerBytes } from '../../../session/channel/padding.ts';
import { SessionKeypair } from '../../../session/channel/sessionKeypair.ts';
import { plainMemory } from '../../../session/memory.ts';
import { DELIVERY_BYTES, Delivery, PACKET_AT } from '../../../session/packet/delivery.ts';
import { Outbound } from '../../../session/sealed/outbound.ts';
import { SlotPool } from '../../../session/sealed/pool.ts';
import { SealedRing } from '../../../session/sealed/ring.ts';
import { SLOT_BYTES } from '../../../session/sealed/slot.ts';
import { PacketSealer } from '../../../session/sealer.ts';
import { handshake, newEnds } from './channel/twoEnds.ts';
import { steadyPacket } from './packet/traffic.ts';
import { tunFrame } from './packet/twin.ts';

const SEGMENTS = 46;
const SUPER_PACKETS = 20_000;
const WARM_UP = 2_000;
const CANARIES = 100;

/** Copies byte by byte: `set` and `subarray` would make objects. */
const copying: DataKey = {
  seal(_counter, source, sourceAt, bytes, target, targetAt) {
    for (let i = 0; i < bytes; i++) target.bytes[targetAt + 16 + i] = source.bytes[sourceAt + i]!;
  },
  open(_counter, source, sourceAt, bytes, target, targetAt) {
    const packetBytes = bytes - 32;
    for (let i = 0; i < packetBytes; i++) {
      target.bytes[targetAt + i] = source.bytes[sourceAt + 16 + i]!;
    }
    return true;
  },
  close() {},
};
const ciphers: Ciphers = { newKey: nobleCiphers.newKey, newDataKey: () => copying };

/** Whether the collector came between two turns of the event loop: the canaries' and a later one. */
function newCanaries(): () => number {
  const canaries = Array.from({ length: CANARIES }, () => new WeakRef({ sings: true }));
  return () => canaries.filter((canary) => canary.deref() === undefined).length;
}

test('no object a packet, from super-packet to super-packet', async () => {
  const made = handshake(newEnds(3));
  const origin = { ciphers, createdAtMs: 0 };
  const { deviceIndex, hubIndex } = made;
  const from = new SessionKeypair({
    ...origin,
    secrets: made.device,
    localIndex: deviceIndex,
    remoteIndex: hubIndex,
    isInitiator: true,
  });
  const to = new SessionKeypair({
    ...origin,
    secrets: made.hub,
    localIndex: hubIndex,
    remoteIndex: deviceIndex,
    isInitiator: false,
  });
  for (const keypair of [from, to]) keypair.enableData('aes-256-gcm');

  const far = plainMemory(DELIVERY_BYTES);
  let delivered = 0;
  const delivery = new Delivery(far, { checksum: true, tcp: true, udp: true }, () => {
    delivered += 1;
  });
  const ring = new SealedRing(new SlotPool(plainMemory(4 * SLOT_BYTES)), 4 * SLOT_BYTES);
  const outbound = new Outbound(ring, (at, bytes, segmentBytes, ecn) => {
    for (let done = 0; done < bytes; done += segmentBytes) {
      const here = Math.min(segmentBytes, bytes - done);
      const opened = to.openData(ring.memory, at + done, here, far, PACKET_AT);
      delivery.deliver(sessionInnerBytes(far.bytes, PACKET_AT, opened), ecn);
    }
    delivery.flush();
  });
  const sealer = new PacketSealer(delivery);
  const frame = Uint8Array.from(tunFrame(steadyPacket(4, 6, SEGMENTS * 100), 100));
  const source = plainMemory(frame.length);
  let packets = 0;
  const run = (count: number) => {
    for (let each = 0; each < count; each++) {
      for (let i = 0; i < frame.length; i++) source.bytes[i] = frame[i]!;
      sealer.seal(outbound, from, 1, source, 0, frame.length, each);
      outbound.flush();
      packets += sealer.packets;
    }
  };

  run(WARM_UP);
  Bun.gc(true);
  const lost = newCanaries();
  // A weak reference holds its target until the turn that made it is over.
  await Bun.sleep(1);
  run(SUPER_PACKETS);
  expect(lost()).toBe(0);
  expect(packets).toBe((WARM_UP + SUPER_PACKETS) * SEGMENTS);
  expect(delivered).toBeGreaterThanOrEqual(WARM_UP + SUPER_PACKETS);

  // The canaries do sing: the smallest object a packet is noticed.
  const lostToObjects = newCanaries();
  await Bun.sleep(1);
  const kept: { packet: number }[] = [];
  for (let packet = 0; packet < SUPER_PACKETS * SEGMENTS; packet++) kept[packet & 63] = { packet };
  expect(lostToObjects()).toBeGreaterThan(0);
});
