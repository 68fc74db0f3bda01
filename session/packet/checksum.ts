/**
 * The ones' complement sums of IP, TCP, UDP and ICMP.
 *
 * A sum is a number of 0…2^32−1, unfolded, in which the first byte of the range counts 256: sums of
 * ranges of even length add up. Every range is named by offset and count, may start anywhere and may be odd.
 *
 * Source: RFC 1071 (sums), RFC 1624 §3 (incremental update), RFC 9293 §3.1 and RFC 8200 §8.1
 * (pseudo-headers), RFC 768 (zero means: not computed).
 *
 * @module
 */
import {
  CHECKSUM_OFFSET,
  headerBytesOf,
  PROTOCOL,
  transportOf,
  versionOf,
  write16,
} from './headers.ts';
import { OPEN_CHECKSUM } from './virtio.ts';

/** Below this a loop over bytes is faster than finding the words. */
const WORDS_FROM_BYTES = 64;

/** One view for each buffer ever summed. Made once; a buffer takes its view along when it dies. */
const viewOf = new WeakMap<ArrayBufferLike, Int32Array>();
let newest: Uint8Array | null = null;
let newestWords: Int32Array = new Int32Array(0);

/**
 * `sum` plus the range.
 *
 * @param sum sums stay below 2^32 as long as fewer than 65,000 words or folded sums were added.
 * @param count up to 2^16 and a header more, or integers overflow.
 * @param bytes from 64 bytes of range on a view over a buffer made for it, since its `.buffer` is touched.
 */
export function addRange(sum: number, bytes: Uint8Array, at: number, count: number): number {
  return count < WORDS_FROM_BYTES
    ? sum + sumOfBytes(bytes, at, at + count)
    : sum + sumOfWords(bytes, at, at + count);
}

function sumOfBytes(bytes: Uint8Array, at: number, end: number): number {
  let sum = 0;
  let i = at;
  for (; i + 1 < end; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  return i < end ? sum + (bytes[i]! << 8) : sum;
}

/**
 * Thirty-two bits at a time. The sum of swapped words is the swapped sum (RFC 1071 §2 (B)).
 *
 * Integers throughout: added up as doubles it is a fifth faster, but a payload of zeros makes the
 * compiler bet on integers and lose at every packet, which then takes ten times as long.
 */
function sumOfWords(bytes: Uint8Array, at: number, end: number): number {
  const words = wordsOf(bytes);
  const shift = bytes.byteOffset;
  const first = at + shift;
  const limit = end + shift;
  const word = (first + 3) >>> 2;
  const wordEnd = limit >>> 2;

  let even = 0;
  let odd = 0;
  let i = word;
  for (; i + 3 < wordEnd; i += 4) {
    const a = words[i]!;
    const b = words[i + 1]!;
    const c = words[i + 2]!;
    const d = words[i + 3]!;
    even = (even + (a & 0xffff) + (b & 0xffff) + (c & 0xffff) + (d & 0xffff)) | 0;
    odd = (odd + (a >>> 16) + (b >>> 16) + (c >>> 16) + (d >>> 16)) | 0;
  }
  for (; i < wordEnd; i++) {
    const a = words[i]!;
    even = (even + (a & 0xffff)) | 0;
    odd = (odd + (a >>> 16)) | 0;
  }

  // What stands before the first and behind the last whole word: at most 3 bytes each.
  let edges = 0;
  for (let edge = first; edge < word << 2; edge++) {
    edges += (edge & 1) === 0 ? bytes[edge - shift]! : bytes[edge - shift]! << 8;
  }
  for (let edge = wordEnd << 2; edge < limit; edge++) {
    edges += (edge & 1) === 0 ? bytes[edge - shift]! : bytes[edge - shift]! << 8;
  }

  const swapped = fold(fold(even) + fold(odd) + edges);
  const startsOdd = (first & 1) === 1;
  return startsOdd ? swapped : ((swapped & 0xff) << 8) | (swapped >>> 8);
}

function wordsOf(bytes: Uint8Array): Int32Array {
  if (bytes === newest) return newestWords;
  const { buffer } = bytes;
  let words = viewOf.get(buffer);
  if (words === undefined) {
    words = new Int32Array(buffer, 0, buffer.byteLength >>> 2);
    viewOf.set(buffer, words);
  }
  newest = bytes;
  newestWords = words;
  return words;
}

/** The sixteen bits of a sum, 0…0xffff. What a header holds is its complement. */
export function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** The pseudo-header of the IP packet at `at`: its two addresses, `protocol` and `transportBytes`. */
export function pseudoSum(
  bytes: Uint8Array,
  at: number,
  protocol: number,
  transportBytes: number,
): number {
  const sum = protocol + transportBytes;
  return versionOf(bytes, at) === 4
    ? sum + sumOfBytes(bytes, at + 12, at + 20)
    : sum + sumOfBytes(bytes, at + 8, at + 40);
}

/** The checksum after one of the words it covers went from `before` to `after` (RFC 1624 §3, eqn. 3). */
export function updated(checksum: number, before: number, after: number): number {
  return ~fold((~checksum & 0xffff) + (~before & 0xffff) + after) & 0xffff;
}

/** Write the checksum of the IPv4 header at `at`, which does not carry the mark. */
export function writeHeaderChecksum4(bytes: Uint8Array, at: number): void {
  write16(bytes, at + 10, 0);
  write16(bytes, at + 10, ~fold(sumOfBytes(bytes, at, at + headerBytesOf(bytes, at))) & 0xffff);
}

/**
 * Complete the checksum of a packet whose TCP or UDP field holds the sum over the pseudo-header, and
 * take the mark off where it has it.
 *
 * @param packetBytes as `packetBytesOf` gave it: padding is not part of the sum.
 * @returns false, and nothing is written, where no TCP or UDP stands directly behind the IP header.
 */
export function completeChecksum(bytes: Uint8Array, at: number, packetBytes: number): boolean {
  const protocol = transportOf(bytes, at, packetBytes);
  if (protocol === 0) return false;
  const offset = protocol === PROTOCOL.tcp ? CHECKSUM_OFFSET.tcp : CHECKSUM_OFFSET.udp;
  bytes[at] = bytes[at]! & ~OPEN_CHECKSUM;
  return completeChecksumFrom(bytes, at, packetBytes, headerBytesOf(bytes, at), offset);
}

/**
 * The same with `start` and `offset` as a virtio header gives them: the sum runs from `start` to the
 * end of the packet and goes to `start + offset`, where the sum to begin with stands.
 *
 * @returns false, and nothing is written, where they point outside the packet.
 */
export function completeChecksumFrom(
  bytes: Uint8Array,
  at: number,
  packetBytes: number,
  start: number,
  offset: number,
): boolean {
  const field = at + start + offset;
  if (field + 2 > at + packetBytes) return false;
  // What the field holds is part of the sum.
  const sum = fold(addRange(0, bytes, at + start, packetBytes - start));
  const checksum = ~sum & 0xffff;
  // RFC 768: a computed zero is sent as all ones. The field at 6 is that of UDP and UDP-Lite.
  write16(bytes, field, checksum === 0 && offset === CHECKSUM_OFFSET.udp ? 0xffff : checksum);
  return true;
}
