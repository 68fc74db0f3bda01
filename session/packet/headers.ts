/**
 * Reading the headers of an inner packet, byte by byte.
 *
 * Refuses to trust: what asks for a length checks it, and nothing outside `at … at + count` is read by
 * the functions that are given a count. The others want a packet that {@link packetBytesOf} accepted.
 * The mark {@link OPEN_CHECKSUM} in the first byte is looked through.
 *
 * Source: RFC 791 §3.1, RFC 8200 §3 and §4, RFC 9293 §3.1, RFC 768.
 *
 * @module
 */

/** Numbers of the "protocol" and "next header" fields. */
export const PROTOCOL = {
  hopByHop: 0,
  icmp4: 1,
  tcp: 6,
  udp: 17,
  fragment: 44,
  icmp6: 58,
  destinationOptions: 60,
} as const;

/** Where the checksum stands in the transport header. */
export const CHECKSUM_OFFSET = { tcp: 16, udp: 6 } as const;

export const TCP_BYTES_MIN = 20;
export const UDP_BYTES = 8;

/** Byte 13 of a TCP header. */
export const TCP_FLAG = {
  fin: 0x01,
  syn: 0x02,
  rst: 0x04,
  psh: 0x08,
  ack: 0x10,
  urg: 0x20,
  ece: 0x40,
  cwr: 0x80,
} as const;

export function read16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function write16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** 0…2^32−1 as the signed number of the same bits. */
export function read32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

export function write32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** 4, 6, or what no packet of ours has. */
export function versionOf(bytes: Uint8Array, at: number): number {
  return (bytes[at]! >>> 4) & 7;
}

/** Of the IP header; IPv6 extension headers do not count. */
export function headerBytesOf(bytes: Uint8Array, at: number): number {
  return versionOf(bytes, at) === 4 ? (bytes[at]! & 15) << 2 : 40;
}

/**
 * How long the IP packet is by its own header, at most `count`: what follows it is padding.
 * 0 where this is no IP packet, or one that says it is longer than `count`.
 */
export function packetBytesOf(bytes: Uint8Array, at: number, count: number): number {
  if (count < 20) return 0;
  const version = versionOf(bytes, at);
  if (version === 4) {
    const headerBytes = (bytes[at]! & 15) << 2;
    const packetBytes = read16(bytes, at + 2);
    return headerBytes >= 20 && headerBytes <= packetBytes && packetBytes <= count
      ? packetBytes
      : 0;
  }
  if (version !== 6 || count < 40) return 0;
  const packetBytes = 40 + read16(bytes, at + 4);
  return packetBytes <= count ? packetBytes : 0;
}

/** What follows the IP header, see {@link PROTOCOL}. */
export function protocolOf(bytes: Uint8Array, at: number): number {
  return versionOf(bytes, at) === 4 ? bytes[at + 9]! : bytes[at + 6]!;
}

/** Whether the packet is a part of one, the first included. IPv6: by its first extension header. */
export function isFragment(bytes: Uint8Array, at: number): boolean {
  return versionOf(bytes, at) === 4
    ? (read16(bytes, at + 6) & 0x3fff) !== 0
    : bytes[at + 6]! === PROTOCOL.fragment;
}

/** The two ECN bits (RFC 3168 §5), 0…3. */
export function ecnOf(bytes: Uint8Array, at: number): number {
  return versionOf(bytes, at) === 4 ? bytes[at + 1]! & 3 : (bytes[at + 1]! >>> 4) & 3;
}

/**
 * `PROTOCOL.tcp` or `PROTOCOL.udp` where a whole header of it stands directly behind the IP header of
 * an unfragmented packet and its lengths are true; 0 otherwise.
 *
 * @param packetBytes as {@link packetBytesOf} gave it.
 */
export function transportOf(bytes: Uint8Array, at: number, packetBytes: number): number {
  const protocol = protocolOf(bytes, at);
  if (protocol !== PROTOCOL.tcp && protocol !== PROTOCOL.udp) return 0;
  if (isFragment(bytes, at)) return 0;
  const start = headerBytesOf(bytes, at);
  if (!isTransport(bytes, at + start, packetBytes - start, protocol)) return 0;
  if (protocol === PROTOCOL.udp && read16(bytes, at + start + 4) !== packetBytes - start) return 0;
  return protocol;
}

/** Whether `count` bytes hold the header of `protocol`, a TCP header with all its options. */
export function isTransport(
  bytes: Uint8Array,
  at: number,
  count: number,
  protocol: number,
): boolean {
  if (protocol === PROTOCOL.udp) return count >= UDP_BYTES;
  if (count < TCP_BYTES_MIN) return false;
  const headerBytes = tcpHeaderBytesOf(bytes, at);
  return headerBytes >= TCP_BYTES_MIN && headerBytes <= count;
}

export function tcpHeaderBytesOf(bytes: Uint8Array, at: number): number {
  return (bytes[at + 12]! >>> 4) << 2;
}

/**
 * Where the header of `protocol` begins in an IPv6 packet, behind hop-by-hop and destination options
 * at most; 0 where anything else comes in between. A routing header would change the pseudo-header.
 */
export function transportStart6(
  bytes: Uint8Array,
  at: number,
  packetBytes: number,
  protocol: number,
): number {
  let start = 40;
  let next = bytes[at + 6]!;
  while (next !== protocol) {
    if (next !== PROTOCOL.hopByHop && next !== PROTOCOL.destinationOptions) return 0;
    if (start + 8 > packetBytes) return 0;
    next = bytes[at + start]!;
    start += (bytes[at + start + 1]! + 1) << 3;
  }
  return start;
}
