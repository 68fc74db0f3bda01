/**
 * One read of the tun, virtio header and packet, cut into packets: whatever the header claims, nothing
 * outside is touched, no byte of payload is lost, and every checksum that was computed is right.
 *
 * @module
 */
import { MALFORMED, SEGMENTS_MAX, Segments } from '../../../session/packet/split.ts';
import type { Random } from '../../sim/random.ts';
import { randomPacket, steadyPacket } from '../../unit/session/packet/traffic.ts';
import { encodeWhole, tunFrame, virtioHeader } from '../../unit/session/packet/twin.ts';
import {
  checksumAt,
  hasTransport,
  type Inner,
  isHeaderSumRight,
  isSameSum,
  pseudoSumOf,
  readInner,
  rightChecksum,
  word,
} from '../inner.ts';
import { demand, type Target } from '../target.ts';

const GUARD = 0xa5;
const AT = 64;
const VIRTIO_BYTES = 10;
const CODES = new Set<number>(Object.values(MALFORMED));
const BYTES_MAX = 4_096;

/** First byte: bit 0 asks for whole checksums. Then what the tun gave. */
export const split: Target = {
  name: 'split',
  what: 'a virtio header and a packet from the tun',
  covers: ['session/packet/split.ts', 'session/packet/headers.ts', 'session/packet/checksum.ts'],
  bytesMax: BYTES_MAX,
  generate: (random) => Uint8Array.from([random.below(2), ...frame(random)]),
  judge(input) {
    const checksums = ((input[0] ?? 0) & 1) === 0 ? 'open' : 'complete';
    const given = input.slice(1);
    const bytes = new Uint8Array(new ArrayBuffer(given.length + 2 * AT)).fill(GUARD);
    bytes.set(given, AT);
    const segments = new Segments();
    const count = segments.take(bytes, AT, given.length, checksums);
    demand(isEqual(bytes.subarray(AT, AT + given.length), given), 'taking writes nothing');
    if (count <= 0) {
      demand(CODES.has(count), `a documented code, not ${count}`);
      demand(segments.count === 0, 'what is refused is not cut');
      return 'refused';
    }
    demand(count <= SEGMENTS_MAX && segments.count === count, 'as many as it says');
    const made = Array.from({ length: count }, (_, index) => {
      segments.segment(index);
      const end = segments.at + segments.bytes;
      demand(segments.at >= AT + VIRTIO_BYTES && end <= AT + given.length, 'inside of what it got');
      return bytes.slice(segments.at, end);
    });
    const isGuarded = (from: number, to: number) =>
      bytes.subarray(from, to).every((byte) => byte === GUARD);
    demand(isGuarded(0, AT) && isGuarded(AT + given.length, bytes.length), 'nothing outside');
    judgePackets(given, made, segments.isOpen);
    return 'accepted';
  },
};

function judgePackets(given: Uint8Array, made: readonly Uint8Array[], isOpen: boolean): void {
  const original = readInner(given.slice(VIRTIO_BYTES));
  demand(original !== null, 'only IP packets are cut');
  const isCut = given[1] !== 0;
  const payloads = made.map((packet, index) => {
    demand(((packet[0]! & 0x80) !== 0) === isOpen, 'the mark is on every packet or on none');
    const plain = packet.slice();
    plain[0] = plain[0]! & 0x7f;
    const inner = readInner(plain);
    demand(inner !== null && inner.bytes === packet.length, 'each is as long as it says');
    if (isCut) judgeCut(plain, inner, original, index, made.length, isOpen);
    else judgePlain(given, plain, inner, isOpen);
    return plain.subarray(inner.headerBytes ?? inner.bytes);
  });
  if (!isCut) return;
  const whole = given.slice(VIRTIO_BYTES + original.headerBytes!, VIRTIO_BYTES + original.bytes);
  demand(
    Buffer.concat(payloads).equals(Buffer.from(whole)),
    'the payload is what it was, in order',
  );
  const [first] = payloads;
  demand(
    payloads.every(({ length }, at) => length === first!.length || at === payloads.length - 1),
    'all are of one length but the last',
  );
}

function judgeCut(
  plain: Uint8Array,
  inner: Inner,
  original: Inner,
  index: number,
  count: number,
  isOpen: boolean,
): void {
  demand(inner.headerBytes !== null, 'a segment has its transport header');
  demand(inner.headerBytes === original.headerBytes, 'a segment has all of the headers');
  demand(inner.version === 6 || isHeaderSumRight(plain, inner), 'the IPv4 header sum is right');
  const sum = word(plain, checksumAt(inner));
  const wanted = isOpen ? pseudoSumOf(plain, inner) : rightChecksum(plain, inner);
  demand(isSameSum(sum, wanted), `the ${isOpen ? 'open' : 'whole'} checksum is right`);
  if (inner.protocol !== 6) {
    demand(word(plain, inner.start + 4) === inner.bytes - inner.start, 'the UDP length is true');
    return;
  }
  const flags = plain[inner.start + 13]!;
  demand(index === count - 1 || (flags & 9) === 0, 'FIN and PSH are on the last only');
  demand(index === 0 || (flags & 0x80) === 0, 'CWR is on the first only');
}

function judgePlain(given: Uint8Array, plain: Uint8Array, inner: Inner, isOpen: boolean): void {
  const before = given.slice(VIRTIO_BYTES, VIRTIO_BYTES + plain.length);
  if ((given[0]! & 1) === 0) return demand(isEqual(plain, before), 'it is left alone');
  const field = given[6]! + given[7]! * 256 + given[8]! + given[9]! * 256;
  const start = given[6]! + given[7]! * 256;
  demand(start >= inner.start || !inner.isDirect, 'a checksum is not in the IP header');
  demand(field + 2 <= plain.length, 'a checksum field is in the packet');
  const rest = plain.map((byte, at) => (at === field || at === field + 1 ? before[at]! : byte));
  demand(isEqual(rest, before), 'only the checksum field is written');
  if (!hasTransport(plain, inner) || field !== checksumAt(inner)) return;
  if (start !== inner.start) return;
  const wanted = isOpen ? pseudoSumOf(plain, inner) : rightChecksum(plain, inner);
  demand(
    isSameSum(word(plain, field), wanted),
    `the ${isOpen ? 'open' : 'whole'} checksum is right`,
  );
}

function frame(random: Random): number[] {
  const version = random.chance(50) ? 4 : 6;
  const protocol = random.chance(50) ? 6 : 17;
  const payloadBytes = random.chance(80) ? random.below(400) : random.below(3_000);
  const options = [17 + random.below(2), random.below(2), ...random.bytes(14)];
  const packet = {
    ...(random.chance(60)
      ? randomPacket(random, payloadBytes)
      : steadyPacket(version, protocol, payloadBytes)),
    ...(random.chance(10) ? { between: options, firstNext: 60 } : {}),
  } as const;
  if (random.chance(10)) {
    const lie = virtioHeader(
      1,
      random.below(6),
      0,
      random.below(100),
      40,
      random.chance(50) ? 16 : 6,
    );
    return [...lie, ...encodeWhole(packet)];
  }
  if (random.chance(10)) {
    const bytes = encodeWhole(packet);
    const start = random.chance(90) ? 20 + random.below(25) : bytes.length - random.below(4);
    const offset = bytes.length - start - random.between(1, 3);
    return [...virtioHeader(1, 0, 0, 0, start, Math.max(0, offset)), ...bytes];
  }
  const made = tunFrame(packet, random.chance(70) ? random.between(1, 600) : 0);
  for (let lies = random.below(3) - 1; lies > 0; lies--) made[random.below(60)] = random.below(256);
  return made;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(Buffer.from(b));
}
