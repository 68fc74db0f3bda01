/**
 * WireGuard's padding of plaintexts, and how long the IP packet before it is.
 *
 * Source: WireGuard whitepaper §5.4.6; RFC 791 §3.1, RFC 8200 §3.
 *
 * @module
 */
import { OPEN_CHECKSUM } from '../packet/virtio.ts';

const MULTIPLE_BYTES = 16;

/** Not an IP packet, or one that claims to be longer than its bytes. */
export const NO_PACKET = -1;

/** Length after padding: the next multiple of 16, but never past the MTU for a packet within it. */
export function paddedBytes(packetBytes: number, mtuBytes: number): number {
  const padded = Math.ceil(packetBytes / MULTIPLE_BYTES) * MULTIPLE_BYTES;
  return Math.max(packetBytes, Math.min(padded, mtuBytes));
}

/** Bytes of the IP packet that `bytes` of plaintext at `at` begin with, or {@link NO_PACKET}. Never throws. */
export function innerBytes(plaintext: Uint8Array, at: number, bytes: number): number {
  return lengthOf(plaintext[at]! >>> 4, plaintext, at, bytes);
}

/** The same for a session peer's, which may be marked: its checksum is open. */
export function sessionInnerBytes(plaintext: Uint8Array, at: number, bytes: number): number {
  return lengthOf((plaintext[at]! & ~OPEN_CHECKSUM) >>> 4, plaintext, at, bytes);
}

function lengthOf(version: number, plaintext: Uint8Array, at: number, bytes: number): number {
  if (version === 4 && bytes >= 20) {
    const total = (plaintext[at + 2]! << 8) | plaintext[at + 3]!;
    return total >= 20 && total <= bytes ? total : NO_PACKET;
  }
  if (version === 6 && bytes >= 40) {
    const total = 40 + ((plaintext[at + 4]! << 8) | plaintext[at + 5]!);
    return total <= bytes ? total : NO_PACKET;
  }
  return NO_PACKET;
}
