/**
 * Tells the sender of a packet that did not fit how large the next may be.
 *
 * ICMPv4 "fragmentation needed" for packets that must not be fragmented, ICMPv6 "packet too big".
 * Silent wherever an error message could start a storm: about errors, later fragments, and packets
 * whose source is not one host.
 *
 * Source: RFC 792, RFC 1191 §4, RFC 1122 §3.2.2, RFC 1812 §4.3.2.3 (576 bytes), RFC 4443 §2.4, §3.2.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { addRange, fold, pseudoSum, writeHeaderChecksum4 } from './checksum.ts';
import {
  headerBytesOf,
  PROTOCOL,
  packetBytesOf,
  protocolOf,
  read16,
  versionOf,
  write16,
  write32,
} from './headers.ts';
import { OPEN_CHECKSUM } from './virtio.ts';

/** No message is longer (RFC 4443 §3.2). */
export const TOO_BIG_BYTES_MAX = 1280;
const TOO_BIG_4_BYTES_MAX = 576;

/** Smallest sizes that a link may have; nobody believes less (RFC 791 §3.2, RFC 8201 §4). */
const MTU_4_BYTES_MIN = 68;
const MTU_6_BYTES_MIN = 1280;

const ICMP_BYTES = 8;
const TTL = 64;

/** Extension headers that are looked through for an ICMPv6 error. */
const EXTENSION_COUNT_MAX = 8;
const ROUTING = 43;

/**
 * Write the answer to the inner packet `bytes[at … at + packetBytes)`, which may carry the mark.
 *
 * @param from source address of the answer, 4 or 16 bytes; null: where the packet was going.
 * @param target another place, with room for {@link TOO_BIG_BYTES_MAX} at `targetAt`.
 * @returns how many bytes were written; 0 where no answer may be given.
 */
export function writeTooBig(
  bytes: Uint8Array,
  at: number,
  packetBytes: number,
  mtuBytes: number,
  from: Uint8Array | null,
  target: Uint8Array,
  targetAt: number,
): number {
  assert(targetAt + TOO_BIG_BYTES_MAX <= target.length, 'the answer fits');
  const wholeBytes = packetBytesOf(bytes, at, packetBytes);
  if (wholeBytes === 0) return 0;
  return versionOf(bytes, at) === 4
    ? writeTooBig4(bytes, at, wholeBytes, mtuBytes, from, target, targetAt)
    : writeTooBig6(bytes, at, wholeBytes, mtuBytes, from, target, targetAt);
}

function writeTooBig4(
  bytes: Uint8Array,
  at: number,
  packetBytes: number,
  mtuBytes: number,
  from: Uint8Array | null,
  target: Uint8Array,
  targetAt: number,
): number {
  assert(from === null || from.length === 4, 'an IPv4 address');
  if (!isAnswered4(bytes, at, packetBytes)) return 0;
  const quoteBytes = Math.min(packetBytes, TOO_BIG_4_BYTES_MAX - 20 - ICMP_BYTES);
  const answerBytes = 20 + ICMP_BYTES + quoteBytes;

  target[targetAt] = 0x45;
  target[targetAt + 1] = 0;
  write16(target, targetAt + 2, answerBytes);
  // DF, so that the id may be zero (RFC 6864 §4.1).
  write32(target, targetAt + 4, 0x4000);
  target[targetAt + 8] = TTL;
  target[targetAt + 9] = PROTOCOL.icmp4;
  copyAddress(target, targetAt + 12, from, bytes, at + 16, 4);
  copy(target, targetAt + 16, bytes, at + 12, 4);
  writeHeaderChecksum4(target, targetAt);

  const icmpAt = targetAt + 20;
  write16(target, icmpAt, 0x0304);
  write16(target, icmpAt + 2, 0);
  write16(target, icmpAt + 4, 0);
  write16(target, icmpAt + 6, Math.min(0xffff, Math.max(mtuBytes, MTU_4_BYTES_MIN)));
  quote(target, icmpAt + ICMP_BYTES, bytes, at, quoteBytes);
  const sum = addRange(0, target, icmpAt, ICMP_BYTES + quoteBytes);
  write16(target, icmpAt + 2, ~fold(sum) & 0xffff);
  return answerBytes;
}

function isAnswered4(bytes: Uint8Array, at: number, packetBytes: number): boolean {
  const fragment = read16(bytes, at + 6);
  const mayBeCut = (fragment & 0x4000) === 0;
  const isLaterFragment = (fragment & 0x1fff) !== 0;
  if (mayBeCut || isLaterFragment) return false;
  // Neither "this network", loopback, multicast, reserved nor broadcast is one host.
  const source = bytes[at + 12]!;
  if (source === 0 || source === 127 || source >= 224 || bytes[at + 16]! >= 224) return false;
  if (protocolOf(bytes, at) !== PROTOCOL.icmp4) return true;
  const headerBytes = headerBytesOf(bytes, at);
  return packetBytes > headerBytes && !isError4(bytes[at + headerBytes]!);
}

/** Destination unreachable, source quench, redirect, time exceeded, parameter problem. */
function isError4(type: number): boolean {
  return (type >= 3 && type <= 5) || type === 11 || type === 12;
}

function writeTooBig6(
  bytes: Uint8Array,
  at: number,
  packetBytes: number,
  mtuBytes: number,
  from: Uint8Array | null,
  target: Uint8Array,
  targetAt: number,
): number {
  assert(from === null || from.length === 16, 'an IPv6 address');
  if (!isAnswered6(bytes, at, packetBytes)) return 0;
  // To multicast it is allowed (RFC 4443 §2.4 (e.3)), but not from it.
  if (from === null && bytes[at + 24]! === 0xff) return 0;
  const quoteBytes = Math.min(packetBytes, TOO_BIG_BYTES_MAX - 40 - ICMP_BYTES);

  write32(target, targetAt, 0x60000000);
  write16(target, targetAt + 4, ICMP_BYTES + quoteBytes);
  target[targetAt + 6] = PROTOCOL.icmp6;
  target[targetAt + 7] = TTL;
  copyAddress(target, targetAt + 8, from, bytes, at + 24, 16);
  copy(target, targetAt + 24, bytes, at + 8, 16);

  const icmpAt = targetAt + 40;
  write16(target, icmpAt, 0x0200);
  write16(target, icmpAt + 2, 0);
  write32(target, icmpAt + 4, Math.max(mtuBytes, MTU_6_BYTES_MIN));
  quote(target, icmpAt + ICMP_BYTES, bytes, at, quoteBytes);
  const pseudo = pseudoSum(target, targetAt, PROTOCOL.icmp6, ICMP_BYTES + quoteBytes);
  const sum = addRange(pseudo, target, icmpAt, ICMP_BYTES + quoteBytes);
  write16(target, icmpAt + 2, ~fold(sum) & 0xffff);
  return 40 + ICMP_BYTES + quoteBytes;
}

function isAnswered6(bytes: Uint8Array, at: number, packetBytes: number): boolean {
  if (bytes[at + 8]! === 0xff || isUnspecifiedOrLoopback6(bytes, at + 8)) return false;
  let start = 40;
  let next = bytes[at + 6]!;
  for (let i = 0; i < EXTENSION_COUNT_MAX; i++) {
    if (next === PROTOCOL.icmp6) {
      // Below 128 are errors; a redirect counts as one (RFC 4443 §2.4 (e.2)).
      return start < packetBytes && bytes[at + start]! >= 128 && bytes[at + start]! !== 137;
    }
    const isFragment = next === PROTOCOL.fragment;
    if (!isFragment && !isSkipped(next)) return true;
    if (start + 8 > packetBytes) return false;
    if (isFragment && (read16(bytes, at + start + 2) & 0xfff8) !== 0) return false;
    next = bytes[at + start]!;
    start += isFragment ? 8 : (bytes[at + start + 1]! + 1) << 3;
  }
  return false;
}

function isSkipped(next: number): boolean {
  return next === PROTOCOL.hopByHop || next === PROTOCOL.destinationOptions || next === ROUTING;
}

function isUnspecifiedOrLoopback6(bytes: Uint8Array, at: number): boolean {
  let rest = 0;
  for (let i = 0; i < 15; i++) rest |= bytes[at + i]!;
  return rest === 0 && bytes[at + 15]! <= 1;
}

/** The packet as its sender knows it: without our mark. */
function quote(
  target: Uint8Array,
  targetAt: number,
  bytes: Uint8Array,
  at: number,
  count: number,
): void {
  copy(target, targetAt, bytes, at, count);
  target[targetAt] = target[targetAt]! & ~OPEN_CHECKSUM;
}

function copyAddress(
  target: Uint8Array,
  targetAt: number,
  from: Uint8Array | null,
  bytes: Uint8Array,
  at: number,
  count: number,
): void {
  if (from === null) copy(target, targetAt, bytes, at, count);
  else copy(target, targetAt, from, 0, count);
}

function copy(
  target: Uint8Array,
  targetAt: number,
  bytes: Uint8Array,
  at: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) target[targetAt + i] = bytes[at + i]!;
}
