import { expect, test } from 'bun:test';
import { Segments } from '../../../../session/packet/split.ts';
import { Random } from '../../../sim/random.ts';
import { randomPacket, steadyPacket } from './traffic.ts';
import {
  cut,
  encodeMarked,
  encodeWhole,
  type Packet,
  PSH,
  tunFrame,
  virtioHeader,
} from './twin.ts';

const SEEDS = process.env['SLICE'] === '1' ? 4 : 20;

const GUARD = 0xa5;
const segments = new Segments();

interface Outcome {
  readonly count: number;
  readonly packets: number[][];
}

/**
 * Split `frame` with guards around it, and overwrite every packet once it is read, as sealing in place
 * does.
 */
function split(frame: readonly number[], checksums: 'open' | 'complete', shift = 0): Outcome {
  const before = 32 + shift;
  const bytes = new Uint8Array(new ArrayBuffer(before + frame.length + 32)).fill(GUARD);
  bytes.set(frame, before);
  const count = segments.take(bytes, before, frame.length, checksums);
  const packets: number[][] = [];
  for (let index = 0; index < count; index++) {
    segments.segment(index);
    packets.push([...bytes.subarray(segments.at, segments.at + segments.bytes)]);
    bytes.fill(0xee, segments.at, segments.at + segments.bytes);
  }
  expect(bytes.subarray(0, before).every((byte) => byte === GUARD)).toBe(true);
  expect(bytes.subarray(before + frame.length).every((byte) => byte === GUARD)).toBe(true);
  return { count, packets };
}

/**
 * Goal: cutting gives, packet by packet, what the kernel would give.
 * Method: seeded super-packets with every header field drawn, ids and sequence numbers that wrap, odd
 * sizes and odd places in memory, against the twin.
 */
for (let seed = 1; seed <= SEEDS; seed++) {
  test(`super-packets are cut as the twin cuts them, seed ${seed}`, () => {
    const random = new Random(seed);
    for (let round = 0; round < 60; round++) {
      const packet = randomPacket(random, random.below(3000));
      const segmentBytes = random.chance(20) ? random.between(1500, 4000) : random.between(40, 900);
      const frame = tunFrame(packet, segmentBytes);
      const expected = cut(packet, segmentBytes);
      const shift = random.below(8);

      const open = split(frame, 'open', shift);
      expect(open.count).toBe(expected.length);
      expect(open.packets).toEqual(expected.map(encodeMarked));
      expect(segments.ecn).toBe(packet.trafficClass % 4);
      expect([segments.protocol, segments.isOpen]).toEqual([packet.protocol, true]);

      expect(split(frame, 'complete', shift).packets).toEqual(expected.map(encodeWhole));
      expect(segments.isOpen).toBe(false);
    }
  });
}

test('a super-packet of 65,535 bytes is cut whole, IPv4 and IPv6', () => {
  for (const version of [4, 6] as const) {
    const headerBytes = (version === 4 ? 20 : 40) + 32;
    const packet = steadyPacket(version, 6, 65_535 - headerBytes);
    const expected = cut(packet, 1400);
    expect(split(tunFrame(packet, 1400), 'open').packets).toEqual(expected.map(encodeMarked));
    expect(split(tunFrame(packet, 1400), 'complete').packets).toEqual(expected.map(encodeWhole));
  }
});

/**
 * Goal: a packet that is not cut leaves open under the mark, or complete.
 * Method: seeded packets whose checksum the kernel left open, against the twin.
 */
test('single packets with an open checksum keep it under the mark, or get it completed', () => {
  const random = new Random(77);
  for (let round = 0; round < 300; round++) {
    const packet = randomPacket(random, random.below(1400));
    const frame = tunFrame(packet, 0);
    expect(split(frame, 'open').packets).toEqual([encodeMarked(packet)]);
    expect(split(frame, 'complete').packets).toEqual([encodeWhole(packet)]);
    expect(segments.protocol).toBe(packet.protocol);
  }
});

test('a packet whose checksum is complete stays as it is, verified by the kernel or not', () => {
  const packet = encodeWhole(steadyPacket(4, 6, 100));
  for (const flags of [0, 2]) {
    for (const checksums of ['open', 'complete'] as const) {
      const frame = [...virtioHeader(flags, 0, 0, 0, 0, 0), ...packet];
      expect(split(frame, checksums).packets).toEqual([packet]);
      expect(segments.isOpen).toBe(false);
    }
  }
});

test('padding behind the IP length does not travel', () => {
  const packet = steadyPacket(4, 17, 21);
  const frame = [...tunFrame(packet, 0), 1, 2, 3];
  expect(split(frame, 'complete').packets).toEqual([encodeWhole(packet)]);
});

test('a computed UDP checksum of zero is sent as all ones', () => {
  const base = steadyPacket(4, 17, 4);
  const packetOf = (tail: number): Packet => ({
    ...base,
    payload: [0, 0, tail >> 8, tail & 255],
  });
  const checksumAt = 26;
  const whole = encodeWhole(packetOf(0));
  // Adding the checksum itself to the data brings it to zero.
  const packet = packetOf((whole[checksumAt] ?? 0) * 256 + (whole[checksumAt + 1] ?? 0));
  const [completed] = split(tunFrame(packet, 0), 'complete').packets;
  expect(completed?.slice(checksumAt, checksumAt + 2)).toEqual([255, 255]);
  expect(completed).toEqual(encodeWhole(packet));
});

/** A hop-by-hop header of 8 bytes that pads, in front of `next`. */
const padding = (next: number) => [next, 0, 1, 4, 0, 0, 0, 0];

test('behind IPv6 options checksums are completed in place, without the mark', () => {
  for (const protocol of [6, 17] as const) {
    const packet: Packet = {
      ...steadyPacket(6, protocol, 2500),
      between: [...padding(60), ...padding(protocol)],
      firstNext: 0,
      flags: protocol === 6 ? 16 + PSH : 0,
    };
    const expected = cut(packet, 1000).map(encodeWhole);
    expect(split(tunFrame(packet, 1000), 'open').packets).toEqual(expected);
    expect([segments.isOpen, segments.protocol]).toEqual([false, protocol]);
    expect(split(tunFrame(packet, 1000), 'complete').packets).toEqual(expected);
    expect(split(tunFrame(packet, 0), 'open').packets).toEqual([encodeWhole(packet)]);
    expect([segments.isOpen, segments.protocol]).toEqual([false, 0]);
  }
});

test('an open checksum that is neither TCP nor UDP is completed where the kernel says', () => {
  // ICMPv6 echo request: the twin's UDP header has the same length, the checksum stands at 2.
  const udp = steadyPacket(6, 17, 11);
  const packet = encodeWhole(udp);
  packet[6] = 58;
  const transport = packet.slice(40);
  transport.splice(0, 8, 128, 0, 0x12, 0x34, 0, 1, 0, 2);
  const frame = [...virtioHeader(1, 0, 0, 0, 40, 2), ...packet.slice(0, 40), ...transport];
  const [completed] = split(frame, 'open').packets;
  let sum = 0;
  for (let i = 0; i < transport.length; i += 2) {
    sum += (transport[i] ?? 0) * 256 + (transport[i + 1] ?? 0);
  }
  const checksum = 65535 - (sum % 65535);
  const expected = [...transport];
  expected.splice(2, 2, checksum >> 8, checksum & 255);
  expect(completed).toEqual([...packet.slice(0, 40), ...expected]);
  expect(segments.isOpen).toBe(false);
});

test('a super-packet with IPv4 options is cut, and stays open', () => {
  const packet: Packet = { ...steadyPacket(4, 6, 3000), between: [7, 3, 4, 0] };
  const expected = cut(packet, 700);
  expect(split(tunFrame(packet, 700), 'open').packets).toEqual(expected.map(encodeMarked));
  expect(split(tunFrame(packet, 700), 'complete').packets).toEqual(expected.map(encodeWhole));
});

test('segments shorter than their own headers do not damage what follows', () => {
  const packet = steadyPacket(6, 6, 100);
  const expected = cut(packet, 7);
  expect(split(tunFrame(packet, 7), 'open').packets).toEqual(expected.map(encodeMarked));
});
