/**
 * Headers of the messages that carry packets: WireGuard's type 4 and our 16 (data), 17 (control).
 * All integers are little-endian.
 *
 * ```text
 *   0        1         2                 4                    8                              16
 *   +--------+---------+-----------------+--------------------+------------------------------+
 *   | type 4 |             0             |   receiver index   |           counter            |
 *   +--------+---------+-----------------+--------------------+------------------------------+
 *   | 16, 17 | version | transport id    |   receiver index   |           counter            |
 *   +--------+---------+-----------------+--------------------+------------------------------+
 * ```
 *
 * Written for the data path: numbers in and out, nothing allocated. A session header is associated
 * data of its packet as a whole, a type 4 header is bound by its nonce and its key alone.
 * Source: WireGuard whitepaper §5.4.6; docs/protocol.md. Vectors: test/vectors/channel.json.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { MESSAGE_TYPE, SESSION_VERSION, TRANSPORT_BYTES_MIN } from './messages.ts';

/** A counter on the wire that no peer of ours reaches: 2^53 or more. */
export const COUNTER_TOO_LARGE = -1;

/** Not the form of a type 4, 16 or 17 message. */
export const NO_RECEIVER = -1;

const COUNTER_HIGH_MAX = 0x1fffff; // 2^53−1 has 21 bits above the low 32
const TWO_POW_32 = 0x100000000;

/** The first byte, whatever it is; 0 for an empty datagram. */
export function typeByte(datagram: Uint8Array, at = 0): number {
  return datagram[at] ?? 0;
}

/**
 * Index of the keypair that a type 4, 16 or 17 message is for, or {@link NO_RECEIVER}.
 *
 * @param bytes of the datagram that starts at `at`; without it, all that follows is taken for it.
 */
export function receiverOf(datagram: Uint8Array, at = 0, bytes = datagram.length - at): number {
  if (bytes < TRANSPORT_BYTES_MIN) return NO_RECEIVER;
  const type = datagram[at];
  if (type === MESSAGE_TYPE.transport) {
    const isClean = datagram[at + 1] === 0 && datagram[at + 2] === 0 && datagram[at + 3] === 0;
    return isClean ? readU32(datagram, at + 4) : NO_RECEIVER;
  }
  const isOurs = type === MESSAGE_TYPE.data || type === MESSAGE_TYPE.control;
  return isOurs && datagram[at + 1] === SESSION_VERSION ? readU32(datagram, at + 4) : NO_RECEIVER;
}

/** Of a type 16 or 17 message; 0 is no transport and refused by the keypair. */
export function transportIdOf(datagram: Uint8Array, at = 0): number {
  return (datagram[at + 2] ?? 0) | ((datagram[at + 3] ?? 0) << 8);
}

/** 0…2^53−1, or {@link COUNTER_TOO_LARGE}. */
export function counterOf(datagram: Uint8Array, at = 0): number {
  const high = readU32(datagram, at + 12);
  if (high > COUNTER_HIGH_MAX) return COUNTER_TOO_LARGE;
  return high * TWO_POW_32 + readU32(datagram, at + 8);
}

/** Types whose header has a transport id. */
type SessionType = (typeof MESSAGE_TYPE)['data' | 'control' | 'unknownChannel'];

/** Write a type 4 header at `at`. */
export function writePlainHeader(
  target: Uint8Array,
  receiver: number,
  counter: number,
  at = 0,
): void {
  target[at] = MESSAGE_TYPE.transport;
  target[at + 1] = 0;
  target[at + 2] = 0;
  target[at + 3] = 0;
  writeU32(target, at + 4, receiver);
  writeCounter(target, at + 8, counter);
}

/** Write a type 16 or 17 header at `at`. */
export function writeSessionHeader(
  target: Uint8Array,
  type: SessionType,
  transportId: number,
  receiver: number,
  counter: number,
  at = 0,
): void {
  assert(transportId >= 1 && transportId <= 0xffff, 'a transport id is 1…65535');
  target[at] = type;
  target[at + 1] = SESSION_VERSION;
  target[at + 2] = transportId & 0xff;
  target[at + 3] = transportId >>> 8;
  writeU32(target, at + 4, receiver);
  writeCounter(target, at + 8, counter);
}

/**
 * Write `counter` as u64 at `offset`. Without `%` and `Math.floor`: the first is a library call for
 * numbers past 2^31, and `|` takes the low 32 bits of any integer just as well (ECMA-262 ToInt32).
 */
export function writeCounter(target: Uint8Array, offset: number, counter: number): void {
  assert(Number.isSafeInteger(counter) && counter >= 0, 'counter is 0…2^53−1');
  writeU32(target, offset, counter | 0);
  writeU32(target, offset + 4, (counter / TWO_POW_32) | 0);
}

/** Write `value` as u32 at `offset`. */
export function writeU32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value;
  target[offset + 1] = value >>> 8;
  target[offset + 2] = value >>> 16;
  target[offset + 3] = value >>> 24;
}

function readU32(source: Uint8Array, offset: number): number {
  const low = (source[offset] ?? 0) | ((source[offset + 1] ?? 0) << 8);
  const high = (source[offset + 2] ?? 0) | ((source[offset + 3] ?? 0) << 8);
  return low + high * 0x10000;
}
