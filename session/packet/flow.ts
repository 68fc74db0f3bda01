/**
 * What makes two packets belong together: the same flow, and headers alike enough to be one packet.
 *
 * As numbers where they fit, which a run keeps and compares without reading its first packet again.
 * The packets have been accepted by `packetBytesOf` and `transportOf`, and do not carry the mark.
 *
 * @module
 */
import { PROTOCOL, read16, read32, TCP_BYTES_MIN, TCP_FLAG, versionOf } from './headers.ts';

/** May differ between the packets that are joined: both hold for the end of the data. */
const END_FLAGS = TCP_FLAG.psh | TCP_FLAG.fin;

/** Whether version and both addresses are the same. */
export function isSamePair(bytes: Uint8Array, a: number, b: number): boolean {
  const version = versionOf(bytes, a);
  if (version !== versionOf(bytes, b)) return false;
  if (version === 6) return isEqual(bytes, a + 8, b + 8, 32);
  const source = read32(bytes, a + 12) ^ read32(bytes, b + 12);
  return (source | (read32(bytes, a + 16) ^ read32(bytes, b + 16))) === 0;
}

/** IPv4: TOS, the reserved bit and DF. IPv6: version, traffic class and flow label. */
export function labelOf(bytes: Uint8Array, at: number): number {
  return versionOf(bytes, at) === 4 ? (bytes[at + 1]! << 8) | bytes[at + 6]! : read32(bytes, at);
}

/** TTL or hop limit. */
export function hopsOf(bytes: Uint8Array, at: number): number {
  return versionOf(bytes, at) === 4 ? bytes[at + 8]! : bytes[at + 7]!;
}

/** Data offset, reserved bits, flags without PSH and FIN, and window of the TCP header at `at`. */
export function controlOf(bytes: Uint8Array, at: number): number {
  return read32(bytes, at + 12) & ~(END_FLAGS << 16);
}

/**
 * Whether what {@link controlOf} leaves out is the same, but for sequence and checksum: the options,
 * `optionBytes` of each, and the urgent pointer, which means nothing but stays what it was.
 */
export function isSameTail(bytes: Uint8Array, a: number, b: number, optionBytes: number): boolean {
  return (
    read16(bytes, a + 18) === read16(bytes, b + 18) &&
    isEqual(bytes, a + TCP_BYTES_MIN, b + TCP_BYTES_MIN, optionBytes)
  );
}

/** Whether a run may hold a packet of these flags, on its last packet PSH and FIN as well. */
export function mayJoin(protocol: number, flags: number): boolean {
  const kept = TCP_FLAG.ack | TCP_FLAG.ece | END_FLAGS;
  return protocol === PROTOCOL.udp || (flags & ~kept) === 0;
}

export function isEndOfRun(flags: number): boolean {
  return (flags & END_FLAGS) !== 0;
}

/** @param count a multiple of 4. */
function isEqual(bytes: Uint8Array, a: number, b: number, count: number): boolean {
  for (let i = 0; i < count; i += 4) {
    if (read32(bytes, a + i) !== read32(bytes, b + i)) return false;
  }
  return true;
}
