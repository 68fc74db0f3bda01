/**
 * Goal: what the kernel handed to one tun comes out of the other as the same packets, whatever the two
 * kernels offer; nothing longer than the way is sealed, and whoever sent it is told.
 *
 * Method: the whole path without a kernel (cut, seal, run, open, join) against the slow twin.
 */
import { describe, expect, test } from 'bun:test';
import { nodeCiphers } from '../../../hal/linux/ciphers.ts';
import { innerBytes, sessionInnerBytes } from '../../../session/channel/padding.ts';
import { PlainKeypair } from '../../../session/channel/plainKeypair.ts';
import { SessionKeypair } from '../../../session/channel/sessionKeypair.ts';
import { type Memory, memoryOf, plainMemory } from '../../../session/memory.ts';
import {
  DELIVERY_BYTES,
  Delivery,
  PACKET_AT,
  type TunOffers,
} from '../../../session/packet/delivery.ts';
import { Outbound } from '../../../session/sealed/outbound.ts';
import { SlotPool } from '../../../session/sealed/pool.ts';
import { SealedRing } from '../../../session/sealed/ring.ts';
import { SLOT_BYTES } from '../../../session/sealed/slot.ts';
import { PacketSealer } from '../../../session/sealer.ts';
import { Random } from '../../sim/random.ts';
import { handshake, newEnds } from './channel/twoEnds.ts';
import { parseDelivered } from './packet/parse.ts';
import { randomPacket, steadyPacket } from './packet/traffic.ts';
import { CWR, cut, encodeWhole, type Packet, tunFrame } from './packet/twin.ts';

const ALL: TunOffers = { checksum: true, tcp: true, udp: true };
const NONE: TunOffers = { checksum: false, tcp: false, udp: false };
/** Made once: half a megabyte each. */
const near = plainMemory(DELIVERY_BYTES);
const far = plainMemory(DELIVERY_BYTES);

function keypairs(kind: 'session' | 'plain') {
  const made = handshake(newEnds(4));
  const origin = { ciphers: nodeCiphers, createdAtMs: 0 };
  const device = { ...origin, secrets: made.device, isInitiator: true };
  const hub = { ...origin, secrets: made.hub, isInitiator: false };
  const [atDevice, atHub] = [
    { ...device, localIndex: made.deviceIndex, remoteIndex: made.hubIndex },
    { ...hub, localIndex: made.hubIndex, remoteIndex: made.deviceIndex },
  ];
  if (kind === 'plain') {
    return { from: new PlainKeypair(atDevice, 1_440), to: new PlainKeypair(atHub, 1_440) };
  }
  const [from, to] = [new SessionKeypair(atDevice), new SessionKeypair(atHub)];
  for (const keypair of [from, to]) keypair.enableData('aes-256-gcm');
  return { from, to };
}

/** One tunnel from a tun to another; frames are what the tuns are given, header included. */
function tunnel(kind: 'session' | 'plain', offers: TunOffers) {
  const { from, to } = keypairs(kind);
  const frames: number[][] = [];
  const answers: number[][] = [];
  const delivery = new Delivery(far, offers, (at, bytes) => {
    frames.push([...far.bytes.subarray(at, at + bytes)]);
  });
  const ring = new SealedRing(new SlotPool(plainMemory(4 * SLOT_BYTES)), 4 * SLOT_BYTES);
  const receive = (memory: Memory, at: number, bytes: number, ecn: number) => {
    const opened = to.openData(memory, at, bytes, far, PACKET_AT);
    const inner = to instanceof SessionKeypair ? sessionInnerBytes : innerBytes;
    const packetBytes = inner(far.bytes, PACKET_AT, opened);
    expect(packetBytes).toBeGreaterThan(0);
    expect(delivery.deliver(packetBytes, ecn)).toBeNull();
  };
  const ecns: number[] = [];
  const outbound = new Outbound(ring, (at, bytes, segmentBytes, ecn) => {
    ecns.push(ecn);
    for (let done = 0; done < bytes; done += segmentBytes) {
      receive(ring.memory, at + done, Math.min(segmentBytes, bytes - done), ecn);
    }
    delivery.flush();
  });
  const sealer = new PacketSealer(
    new Delivery(near, NONE, (at, bytes) => {
      answers.push([...near.bytes.subarray(at, at + bytes)]);
    }),
  );
  const send = (frame: readonly number[]) => {
    const source = memoryOf(Uint8Array.from(frame));
    const code = sealer.seal(outbound, from, 1, source, 0, frame.length, 0);
    outbound.flush();
    return code;
  };
  return { send, frames, answers, sealer, ecns };
}

/** What came out, cut as the kernel behind the far tun cuts it, with complete checksums. */
const packetsOf = (frames: readonly number[][]): number[][] =>
  frames.flatMap((frame) => parseDelivered(frame).packets.map(encodeWhole));

/** Without congestion marks: they have tests of their own. */
function drawn(random: Random): { packet: Packet; segmentBytes: number } {
  const packet = randomPacket(random, random.between(2, 6_000));
  const flags = packet.flags - (packet.flags & CWR);
  const trafficClass = packet.trafficClass & 0xfc;
  return { packet: { ...packet, flags, trafficClass }, segmentBytes: random.between(200, 1_300) };
}

for (const kind of ['session', 'plain'] as const) {
  for (const [name, offers] of [
    ['every offload', ALL],
    ['none', NONE],
  ] as const) {
    test(`${kind} peers, ${name} at the far end: the packets of the near tun come out`, () => {
      const random = new Random(21);
      const { send, frames } = tunnel(kind, offers);
      for (let round = 0; round < 150; round++) {
        const { packet, segmentBytes } = drawn(random);
        const isCut = segmentBytes < packet.payload.length;
        expect(send(tunFrame(packet, isCut ? segmentBytes : 0))).toBeNull();
        const expected = isCut ? cut(packet, segmentBytes) : [packet];
        expect(packetsOf(frames.splice(0))).toEqual(expected.map(encodeWhole));
      }
    });
  }
}

describe('a packet longer than the way', () => {
  const long = { ...steadyPacket(4, 6, 1_300), dontFragment: true };

  test('is answered in the name of its target and not sent', () => {
    const { send, frames, answers, sealer } = tunnel('session', ALL);
    sealer.mtuBytes = 1_280;
    expect(send(tunFrame(long, 0))).toBe('packetTooBig');
    expect([frames.length, sealer.packets]).toEqual([0, 0]);
    const [answer = []] = answers;
    expect(answer.slice(0, 10)).toEqual(new Array(10).fill(0));
    expect(answer.slice(22, 26)).toEqual([...long.target]);
    expect(answer.slice(26, 30)).toEqual([...long.source]);
    expect(answer.slice(30, 32)).toEqual([3, 4]); // fragmentation needed
    expect(answer.slice(36, 38)).toEqual([1_280 >> 8, 1_280 & 255]);
  });

  test('a super-packet is judged by its segments, not by its length', () => {
    const { send, frames, sealer } = tunnel('session', ALL);
    sealer.mtuBytes = 1_280;
    const packet = { ...steadyPacket(4, 6, 5_000), dontFragment: true };
    expect(send(tunFrame(packet, 1_200))).toBeNull();
    expect(packetsOf(frames)).toEqual(cut(packet, 1_200).map(encodeWhole));
    expect(send(tunFrame(packet, 1_260))).toBe('packetTooBig');
  });

  test('it fits to the byte', () => {
    const { send, sealer } = tunnel('session', ALL);
    const { length } = encodeWhole(long);
    sealer.mtuBytes = length;
    expect(send(tunFrame(long, 0))).toBeNull();
    sealer.mtuBytes = length - 1;
    expect(send(tunFrame(long, 0))).toBe('packetTooBig');
  });

  test('goes out whole where IPv4 may fragment it', () => {
    const { send, frames, answers, sealer } = tunnel('session', ALL);
    sealer.mtuBytes = 1_280;
    expect(send(tunFrame({ ...long, dontFragment: false }, 0))).toBeNull();
    expect([frames.length, answers.length]).toEqual([1, 0]);
  });

  test('is refused where not even UDP could carry it, although IPv4 may fragment it', () => {
    for (const kind of ['session', 'plain'] as const) {
      const { send, frames, sealer } = tunnel(kind, ALL);
      sealer.mtuBytes = 1_280;
      const ofBytes = (count: number) =>
        tunFrame({ ...steadyPacket(4, 17, count - 28), dontFragment: false }, 0);
      expect(send(ofBytes(65_535))).toBe('packetTooBig');
      expect(send(ofBytes(65_476))).toBe('packetTooBig');
      expect(frames).toHaveLength(0);
      expect(send(ofBytes(65_475))).toBeNull();
      expect(frames).toHaveLength(1);
    }
  });

  test('a SYN learns the way on its way', () => {
    const { send, frames, sealer } = tunnel('session', ALL);
    sealer.mtuBytes = 1_280;
    const options = [2, 4, 0x05, 0xb4];
    send(tunFrame({ ...steadyPacket(4, 6, 0), flags: 2, options }, 0));
    const [packet] = frames.flatMap((frame) => parseDelivered(frame).packets);
    expect(packet?.options).toEqual([2, 4, 1_240 >> 8, 1_240 & 255]);
  });
});

test('ECN goes outside with each run, and comes back in', () => {
  const { send, frames, ecns } = tunnel('session', ALL);
  for (const ecn of [0, 1, 2, 3]) {
    send(tunFrame({ ...steadyPacket(6, 17, 100), trafficClass: 0xb8 | ecn }, 0));
  }
  expect(ecns).toEqual([0, 1, 2, 3]);
  const classes = frames
    .flatMap((frame) => parseDelivered(frame).packets)
    .map((p) => p.trafficClass);
  expect(classes).toEqual([0xb8, 0xb9, 0xba, 0xbb]);
});

test('congestion met by a sender that does not listen is a drop, and said so', () => {
  const delivery = new Delivery(far, ALL, () => undefined);
  const put = (ecn: number) => {
    const bytes = encodeWhole({ ...steadyPacket(4, 17, 50), trafficClass: ecn });
    far.bytes.set(bytes, PACKET_AT);
    return delivery.deliver(bytes.length, 3);
  };
  expect([0, 1, 2, 3].map(put)).toEqual(['congestionDropped', null, null, null]);
});

test('what no kernel hands out is refused, and the next packet goes on', () => {
  const { send, frames } = tunnel('session', ALL);
  expect(send([...new Array(10).fill(0), 0x55, 1, 2, 3])).toBe('malformed_packet');
  expect(send([1])).toBe('malformed_packet');
  expect(send(tunFrame(steadyPacket(4, 6, 10), 0))).toBeNull();
  expect(frames).toHaveLength(1);
});

test('an empty packet is a keepalive of 32 bytes, and opens as nothing', () => {
  const { from, to } = keypairs('plain');
  if (!(from instanceof PlainKeypair)) throw new Error('a plain peer');
  const ring = new SealedRing(new SlotPool(plainMemory(SLOT_BYTES)), 0);
  const opened: number[] = [];
  const outbound = new Outbound(ring, (at, bytes, segmentBytes) => {
    expect([bytes, segmentBytes]).toEqual([32, 32]);
    opened.push(to.openData(ring.memory, at, bytes, far, PACKET_AT));
  });
  const sealer = new PacketSealer(new Delivery(near, NONE, () => undefined));
  expect(sealer.sealEmpty(outbound, from, 0)).toBe(true);
  outbound.flush();
  expect(opened).toEqual([0]);
});
