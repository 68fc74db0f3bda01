/**
 * WireGuard's padding of plaintexts, and how long the IP packet before it is.
 *
 * Source: WireGuard whitepaper §5.4.6; RFC 791 §3.1, RFC 8200 §3.
 *
 * @module
 */

const MULTIPLE_BYTES = 16;

/** Not an IP packet, or one that claims to be longer than its bytes. */
export const NO_PACKET = -1;

/** Length after padding: the next multiple of 16, but never past the MTU for a packet within it. */
export function paddedBytes(packetBytes: number, mtuBytes: number): number {
  const padded = Math.ceil(packetBytes / MULTIPLE_BYTES) * MULTIPLE_BYTES;
  return Math.max(packetBytes, Math.min(padded, mtuBytes));
}

/** Bytes of the IP packet at the start of `plaintext`, or {@link NO_PACKET}. Never throws. */
export function innerBytes(plaintext: Uint8Array, plaintextBytes: number): number {
  const version = (plaintext[0] ?? 0) >>> 4;
  if (version === 4 && plaintextBytes >= 20) {
    const total = ((plaintext[2] ?? 0) << 8) | (plaintext[3] ?? 0);
    return total >= 20 && total <= plaintextBytes ? total : NO_PACKET;
  }
  if (version === 6 && plaintextBytes >= 40) {
    const total = 40 + (((plaintext[4] ?? 0) << 8) | (plaintext[5] ?? 0));
    return total <= plaintextBytes ? total : NO_PACKET;
  }
  return NO_PACKET;
}
