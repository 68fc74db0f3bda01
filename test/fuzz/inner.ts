/**
 * An inner packet read slowly and by the book, for oracles: where its headers end, whose it is, and
 * whether its checksums are right. Shares no code with `session/packet/`.
 *
 * Source: RFC 791, RFC 8200, RFC 9293, RFC 768, RFC 1071.
 *
 * @module
 */
import { slowSum } from '../unit/session/packet/twin.ts';

const TCP = 6;
const UDP = 17;

export interface Inner {
  readonly version: 4 | 6;
  /** By the IP header itself. */
  readonly bytes: number;
  readonly protocol: number;
  /** Where the transport header begins; IPv6 hop-by-hop and destination options are walked. */
  readonly start: number;
  /** All headers, or null where no whole TCP or UDP header stands in an unfragmented packet. */
  readonly headerBytes: number | null;
  /** Whether the transport header stands directly behind the IP header. */
  readonly isDirect: boolean;
}

/** Null: no IP packet, or it says that it is longer than it is. */
export function readInner(packet: Uint8Array): Inner | null {
  const version = packet.length < 20 ? 0 : packet[0]! >> 4;
  if (version === 4) return readVersion4(packet);
  return version === 6 && packet.length >= 40 ? readVersion6(packet) : null;
}

function readVersion4(packet: Uint8Array): Inner | null {
  const start = (packet[0]! & 15) * 4;
  const bytes = word(packet, 2);
  if (start < 20 || bytes < start || bytes > packet.length) return null;
  const protocol = packet[9]!;
  const isPart = (word(packet, 6) & 0x3fff) !== 0;
  const headerBytes = isPart ? null : headerEnd(packet, start, bytes, protocol);
  return { version: 4, bytes, protocol, start, headerBytes, isDirect: true };
}

function readVersion6(packet: Uint8Array): Inner | null {
  const bytes = 40 + word(packet, 4);
  if (bytes > packet.length) return null;
  let protocol = packet[6]!;
  let start = 40;
  while ((protocol === 0 || protocol === 60) && start + 8 <= bytes) {
    protocol = packet[start]!;
    start += 8 + packet[start + 1]! * 8;
  }
  const headerBytes = headerEnd(packet, start, bytes, protocol);
  return { version: 6, bytes, protocol, start, headerBytes, isDirect: start === 40 };
}

function headerEnd(packet: Uint8Array, start: number, end: number, protocol: number) {
  if (protocol === UDP) return start + 8 <= end ? start + 8 : null;
  if (protocol !== TCP || start + 20 > end) return null;
  const headerEnds = start + (packet[start + 12]! >> 4) * 4;
  return headerEnds >= start + 20 && headerEnds <= end ? headerEnds : null;
}

/** TCP or UDP directly behind the IP header, and a UDP length that is true. */
export function hasTransport(packet: Uint8Array, inner: Inner): boolean {
  if (inner.headerBytes === null || !inner.isDirect) return false;
  return inner.protocol === TCP || word(packet, inner.start + 4) === inner.bytes - inner.start;
}

export const checksumAt = ({ protocol, start }: Inner) => start + (protocol === TCP ? 16 : 6);

/** What the checksum field of an open packet holds. */
export function pseudoSumOf(packet: Uint8Array, inner: Inner): number {
  const addresses = inner.version === 4 ? packet.subarray(12, 20) : packet.subarray(8, 40);
  const transportBytes = inner.bytes - inner.start;
  return slowSum([...addresses, 0, inner.protocol, transportBytes >> 8, transportBytes & 255]);
}

/** The checksum that the packet should carry, whatever stands in its field. */
export function rightChecksum(packet: Uint8Array, inner: Inner): number {
  const transport = [...packet.subarray(inner.start, inner.bytes)];
  const field = checksumAt(inner) - inner.start;
  transport[field] = 0;
  transport[field + 1] = 0;
  const pseudo = pseudoSumOf(packet, inner);
  const sum = 65_535 - slowSum([pseudo >> 8, pseudo & 255, ...transport]);
  return sum === 0 && inner.protocol === UDP ? 65_535 : sum;
}

/** Zero and all ones say the same (RFC 1071). */
export const isSameSum = (a: number, b: number) => a % 65_535 === b % 65_535;

export function isHeaderSumRight(packet: Uint8Array, inner: Inner): boolean {
  return slowSum([...packet.subarray(0, inner.start)]) % 65_535 === 0;
}

export const word = (bytes: Uint8Array, at: number) => (bytes[at]! << 8) | bytes[at + 1]!;
