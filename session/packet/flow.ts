/**
 * What makes two packets belong together: the same flow, and headers alike enough to be one packet.
 *
 * Both packets have been accepted by `packetBytesOf`, and where ports are compared by `transportOf`;
 * neither carries the mark `OPEN_CHECKSUM`.
 *
 * @module
 */
import {
  headerBytesOf,
  PROTOCOL,
  protocolOf,
  read32,
  TCP_BYTES_MIN,
  TCP_FLAG,
  versionOf,
} from './headers.ts';

/** May differ between the packets that are joined: both hold for the end of the data. */
const END_FLAGS = TCP_FLAG.psh | TCP_FLAG.fin;

/** Equal for packets of one flow, mostly different for others: asked before {@link isSameFlow}. */
export function flowKey(bytes: Uint8Array, at: number): number {
  const isVersion4 = versionOf(bytes, at) === 4;
  const source = read32(bytes, isVersion4 ? at + 12 : at + 20);
  const target = read32(bytes, isVersion4 ? at + 16 : at + 36);
  const ports = read32(bytes, at + headerBytesOf(bytes, at));
  return Math.imul(source, 5) ^ Math.imul(target, 3) ^ ports ^ protocolOf(bytes, at);
}

/** Version, protocol, addresses and ports. Asks first what differs most often. */
export function isSameFlow(bytes: Uint8Array, a: number, b: number): boolean {
  const portsA = read32(bytes, a + headerBytesOf(bytes, a));
  if (portsA !== read32(bytes, b + headerBytesOf(bytes, b))) return false;
  return protocolOf(bytes, a) === protocolOf(bytes, b) && isSamePair(bytes, a, b);
}

/** Version and addresses. */
export function isSamePair(bytes: Uint8Array, a: number, b: number): boolean {
  const version = versionOf(bytes, a);
  if (version !== versionOf(bytes, b)) return false;
  return version === 4 ? isEqual(bytes, a + 12, b + 12, 8) : isEqual(bytes, a + 8, b + 8, 32);
}

/**
 * Whether the IP headers of one flow differ in nothing but length, id and checksum.
 * IPv4 without options.
 */
export function isSameIpHeader(bytes: Uint8Array, a: number, b: number): boolean {
  return versionOf(bytes, a) === 4
    ? bytes[a + 1] === bytes[b + 1] &&
        // Reserved bit, DF and TTL; the rest of the field is zero, or it were a fragment.
        bytes[a + 6] === bytes[b + 6] &&
        bytes[a + 8] === bytes[b + 8]
    : read32(bytes, a) === read32(bytes, b) && bytes[a + 7] === bytes[b + 7];
}

/** Whether the TCP headers differ in nothing but sequence, checksum, PSH and FIN. */
export function isSameTcpHeader(
  bytes: Uint8Array,
  a: number,
  b: number,
  headerBytes: number,
): boolean {
  const optionBytes = headerBytes - TCP_BYTES_MIN;
  return (
    read32(bytes, a + 8) === read32(bytes, b + 8) &&
    // Data offset, reserved bits, flags and window.
    ((read32(bytes, a + 12) ^ read32(bytes, b + 12)) & ~(END_FLAGS << 16)) === 0 &&
    // The urgent pointer means nothing without its flag, but stays what it was.
    bytes[a + 18] === bytes[b + 18] &&
    bytes[a + 19] === bytes[b + 19] &&
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
  let difference = 0;
  for (let i = 0; i < count; i += 4) difference |= read32(bytes, a + i) ^ read32(bytes, b + i);
  return difference === 0;
}
