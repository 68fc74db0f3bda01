/**
 * Inner packets that say who sent them and which one they are: IPv4 and UDP, filled from their number, so
 * that the receiver knows what every byte has to be.
 *
 * @module
 */
import { assert } from '../../../session/assert.ts';

const HEADERS_BYTES = 28;
/** `JVSM`. */
const MAGIC = 0x4a56534d;
export const PACKET_BYTES_MIN = HEADERS_BYTES + 12;

export interface PacketId {
  /** Number of the machine that sent it. */
  readonly origin: number;
  readonly sequence: number;
}

/** `source` and `target` are four bytes each. */
export function packetOf(
  { origin, sequence }: PacketId,
  source: Uint8Array,
  target: Uint8Array,
  bytes: number,
): Uint8Array<ArrayBuffer> {
  assert(bytes >= PACKET_BYTES_MIN, 'a packet holds its id');
  const packet = new Uint8Array(bytes);
  const view = new DataView(packet.buffer);
  packet[0] = 0x45;
  view.setUint16(2, bytes);
  view.setUint16(4, sequence & 0xffff);
  packet[8] = 64;
  packet[9] = 17;
  packet.set(source, 12);
  packet.set(target, 16);
  view.setUint16(10, checksumOf(packet, 0, 20, 0));
  view.setUint16(20, 4_000);
  view.setUint16(22, 4_001);
  view.setUint16(24, bytes - 20);
  view.setUint32(28, MAGIC);
  view.setUint32(32, origin);
  view.setUint32(36, sequence);
  let fill = Math.imul(sequence + 1, 0x9e3779b1) ^ origin;
  for (let at = PACKET_BYTES_MIN; at < bytes; at++) {
    fill = Math.imul(fill ^ (fill >>> 15), 0x2c1b3c6d) + at;
    packet[at] = fill;
  }
  const pseudo = sumOf(packet, 12, 20) + 17 + (bytes - 20);
  const udp = checksumOf(packet, 20, bytes, pseudo);
  view.setUint16(26, udp === 0 ? 0xffff : udp);
  return packet;
}

/** RFC 1071 over `from` … `to`, with what was summed before. */
function checksumOf(bytes: Uint8Array, from: number, to: number, before: number): number {
  let sum = before + sumOf(bytes, from, to);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function sumOf(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  return sum;
}

/** Null: none of ours. */
export function idOf(packet: Uint8Array): PacketId | null {
  if (packet.length < PACKET_BYTES_MIN) return null;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  if (view.getUint32(28) !== MAGIC) return null;
  return { origin: view.getUint32(32), sequence: view.getUint32(36) };
}
