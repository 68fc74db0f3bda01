/**
 * Opened packets on their way to the tun: whatever a peer put inside, what is handed to the kernel is,
 * flow by flow and in order, the packets that were accepted, with right lengths and checksums.
 *
 * @module
 */
import { plainMemory } from '../../../session/memory.ts';
import { DELIVERY_BYTES, Delivery, PACKET_AT } from '../../../session/packet/delivery.ts';
import { clampMss } from '../../../session/packet/mss.ts';
import { TOO_BIG_BYTES_MAX, writeTooBig } from '../../../session/packet/tooBig.ts';
import type { Random } from '../../sim/random.ts';
import { randomPacket, steadyPacket } from '../../unit/session/packet/traffic.ts';
import { cut, encodeMarked, encodeWhole, SYN } from '../../unit/session/packet/twin.ts';
import {
  checksumAt,
  hasTransport,
  isHeaderSumRight,
  isSameSum,
  pseudoSumOf,
  readInner,
  rightChecksum,
  word,
} from '../inner.ts';
import { Tape, TapeWriter } from '../tape.ts';
import { demand, type Target } from '../target.ts';

const GUARD = 0xa5;
const VIRTIO_BYTES = 10;
const PACKETS_MAX = 40;

const memory = plainMemory(DELIVERY_BYTES);
let written: Uint8Array[] = [];
const deliveries = [0, 1, 3, 7].map(
  (offers) =>
    new Delivery(
      memory,
      { checksum: (offers & 1) !== 0, tcp: (offers & 2) !== 0, udp: (offers & 4) !== 0 },
      (at, bytes) => written.push(memory.bytes.slice(at, at + bytes)),
    ),
);

/** First byte: what the tun offers. Then packets, each a byte of outer ECN and a block. */
export const deliver: Target = {
  name: 'deliver',
  what: 'inner packets that a peer sealed, joined for the tun',
  covers: ['session/packet/'],
  bytesMax: 8_192,
  generate(random) {
    const tape = new TapeWriter().byte(random.chance(70) ? 3 : random.below(4));
    for (const packet of packets(random)) {
      tape.byte(random.chance(80) ? 0 : random.below(4)).block(Uint8Array.from(packet));
    }
    return tape.done();
  },
  judge(input) {
    const tape = new Tape(input);
    const delivery = deliveries[tape.byte() & 3]!;
    const expected = new Map<string, string[]>();
    written = [];
    for (let count = 0; tape.hasMore && count < PACKETS_MAX; count++) {
      const ecn = tape.byte() & 3;
      const packet = tape.block();
      judgeAnswers(packet);
      const normal = accept(delivery, packet, ecn);
      if (normal === null) continue;
      const key = flowOf(normal);
      expected.set(key, [...(expected.get(key) ?? []), wanted(normal, isMarked(packet))]);
    }
    delivery.flush();
    const seen = new Map<string, string[]>();
    for (const packet of written.flatMap(takenApart)) {
      const key = flowOf(packet);
      seen.set(key, [...(seen.get(key) ?? []), normalised(packet)]);
    }
    demand(seen.size === expected.size, 'every flow that was accepted arrives, and no other');
    for (const [flow, ones] of expected) {
      demand(
        ones.join() === seen.get(flow)?.join(),
        'a flow arrives whole, in order and unchanged',
      );
    }
    return expected.size > 0 ? 'accepted' : 'refused';
  },
};

const isMarked = (packet: Uint8Array) => ((packet[0] ?? 0) & 0x80) !== 0;

/** The packet as it has to arrive (its mark gone, outer ECN merged), or null where it was refused. */
function accept(delivery: Delivery, packet: Uint8Array, ecn: number): Uint8Array | null {
  const { bytes } = memory;
  const end = PACKET_AT + packet.length;
  bytes.set(packet, PACKET_AT);
  bytes.fill(GUARD, end, end + 64);
  const before = written.length;
  const code = delivery.deliver(packet.length, ecn);
  demand(
    bytes.subarray(end, end + 64).every((byte) => byte === GUARD),
    'nothing behind the packet',
  );
  const plain = packet.slice();
  if (plain.length > 0) plain[0] = plain[0]! & 0x7f;
  const inner = readInner(plain);
  if (code !== null) {
    demand(['congestionDropped', 'malformed_packet'].includes(code), `a documented code: ${code}`);
    demand(written.length === before, 'what is refused is not delivered');
    const mayRefuse = inner === null || isMarked(packet) || ecn === 3;
    demand(mayRefuse, 'a whole IP packet is refused for no reason');
    return null;
  }
  demand(inner !== null, 'only IP packets are delivered');
  const whole = plain.slice(0, inner.bytes);
  if (isMarked(packet)) demand(hasTransport(whole, inner), 'the mark is on TCP and UDP only');
  if (ecn !== 0) mergeSlowly(whole, inner.version, ecn);
  return whole;
}

/** RFC 6040 §4.2 in words: CE always, and ECT(1) over ECT(0). */
function mergeSlowly(packet: Uint8Array, version: 4 | 6, outer: number): void {
  const shift = version === 4 ? 0 : 4;
  const inner = (packet[1]! >> shift) & 3;
  const after = inner !== 0 && outer === 3 ? 3 : inner === 2 && outer === 1 ? 1 : inner;
  packet[1] = (packet[1]! & ~(3 << shift)) | (after << shift);
}

/** As it arrives behind the kernel: cut and with its checksum completed, by the book. */
function takenApart(frame: Uint8Array): Uint8Array[] {
  const packet = frame.slice(VIRTIO_BYTES);
  const inner = readInner(packet);
  demand(inner !== null && inner.bytes === packet.length, 'what is written is as long as it says');
  const [flags, type] = frame;
  const host = (at: number) => frame[at]! + frame[at + 1]! * 256;
  if (flags === 0) {
    demand(
      frame.subarray(0, VIRTIO_BYTES).every((byte) => byte === 0),
      'an empty virtio header',
    );
    return [packet];
  }
  demand(flags === 1 && hasTransport(packet, inner), 'left open are TCP and UDP only');
  demand(host(6) === inner.start && host(6) + host(8) === checksumAt(inner), 'where it says');
  demand(isSameSum(word(packet, checksumAt(inner)), pseudoSumOf(packet, inner)), 'open sum');
  if (type === 0) return [completed(packet)];
  demand(type === (inner.protocol === 17 ? 5 : inner.version === 4 ? 1 : 4), 'its own type');
  demand(inner.version === 6 || isHeaderSumRight(packet, inner), 'its header sum is right');
  demand(host(2) === inner.headerBytes && host(4) > 0, 'its headers and a segment size');
  return segmentsOf(packet, inner.headerBytes!, inner.start, inner.version, host(4));
}

function segmentsOf(
  packet: Uint8Array,
  headerBytes: number,
  start: number,
  version: 4 | 6,
  segmentBytes: number,
): Uint8Array[] {
  const payload = packet.subarray(headerBytes);
  const count = Math.ceil(payload.length / segmentBytes);
  demand(count > 1, 'a super-packet is several');
  return Array.from({ length: count }, (_, index) => {
    const piece = payload.subarray(index * segmentBytes, (index + 1) * segmentBytes);
    const made = Uint8Array.from([...packet.subarray(0, headerBytes), ...piece]);
    const view = new DataView(made.buffer);
    if (version === 4) {
      view.setUint16(2, made.length);
      view.setUint16(4, (view.getUint16(4) + index) & 0xffff);
    } else view.setUint16(4, made.length - 40);
    if (version === 4 ? made[9] === 17 : made[6] === 17) {
      view.setUint16(start + 4, made.length - start);
    } else {
      view.setUint32(start + 4, (view.getUint32(start + 4) + index * segmentBytes) >>> 0);
      if (index < count - 1) made[start + 13] = made[start + 13]! & ~9;
    }
    return completed(made);
  });
}

function completed(packet: Uint8Array): Uint8Array {
  const inner = readInner(packet)!;
  const whole = packet.slice();
  new DataView(whole.buffer).setUint16(checksumAt(inner), rightChecksum(packet, inner));
  return whole;
}

const wanted = (packet: Uint8Array, isOpen: boolean) =>
  normalised(isOpen ? completed(packet) : packet);

/** Without what joining may change: the IPv4 header sum, and the id where DF says that it means nothing. */
function normalised(packet: Uint8Array): string {
  const plain = packet.slice();
  if (plain[0]! >> 4 === 4) {
    plain.fill(0, 10, 12);
    if ((plain[6]! & 0x40) !== 0) plain.fill(0, 4, 6);
  }
  return Buffer.from(plain).toString('hex');
}

function flowOf(packet: Uint8Array): string {
  const inner = readInner(packet)!;
  const pair = inner.version === 4 ? packet.subarray(12, 20) : packet.subarray(8, 40);
  const hasPorts = hasTransport(packet, inner);
  const ports = hasPorts ? packet.subarray(inner.start, inner.start + 4) : [];
  return `${inner.version} ${hasPorts ? inner.protocol : 'other'} ${[...pair, ...ports].join('.')}`;
}

/** The two that answer or change a packet on its way: no lie in it leads them outside. */
function judgeAnswers(packet: Uint8Array): void {
  const bytes = new Uint8Array(packet.length + 128).fill(GUARD);
  bytes.set(packet, 64);
  const target = new Uint8Array(TOO_BIG_BYTES_MAX + 32).fill(GUARD);
  const count = writeTooBig(bytes, 64, packet.length, 1_280, null, target, 16);
  demand(count >= 0 && count <= TOO_BIG_BYTES_MAX, 'an answer of bounded length');
  demand(
    target.every((byte, at) => (at >= 16 && at < 16 + count) || byte === GUARD),
    'an answer stays in its place',
  );
  if (count > 0) {
    const inner = readInner(target.slice(16, 16 + count));
    demand(inner?.bytes === count, 'an answer is as long as it says');
  }
  clampMss(bytes, 64, packet.length, 1_280);
  demand(
    bytes.every((byte, at) => (at >= 64 && at < 64 + packet.length) || byte === GUARD),
    'clamping stays in the packet',
  );
  const plain = packet.slice();
  if (isMarked(packet)) plain[0] = plain[0]! & 0x7f;
  const inner = readInner(plain);
  if (inner === null || isMarked(packet) || !hasTransport(plain, inner)) return;
  const clamped = bytes.slice(64, 64 + packet.length);
  const was = isSameSum(word(packet, checksumAt(inner)), rightChecksum(plain, inner));
  const is = isSameSum(word(clamped, checksumAt(inner)), rightChecksum(clamped, inner));
  demand(was === is, 'clamping keeps a right checksum right');
}

function* packets(random: Random): Generator<number[]> {
  const version = random.chance(50) ? 4 : 6;
  const protocol = random.chance(60) ? 6 : 17;
  for (let flows = random.between(1, 3); flows > 0; flows--) {
    const base = {
      ...steadyPacket(version, protocol, random.below(900)),
      sourcePort: random.below(4),
      dontFragment: random.chance(50),
    };
    for (const part of cut(base, random.between(40, 400))) {
      const bytes = random.chance(85) ? encodeMarked(part) : encodeWhole(part);
      for (let lies = random.below(8) - 5; lies > 0; lies--) {
        bytes[random.below(Math.min(60, bytes.length))] = random.below(256);
      }
      yield bytes;
    }
    if (random.chance(30)) yield encodeWhole(randomPacket(random, random.below(100)));
    if (random.chance(10)) {
      const options = [1, 2, 4, 0xff, 0xff, 1, 1, 1];
      yield encodeWhole({ ...base, protocol: 6, flags: SYN, options, payload: [] });
    }
  }
}
