/**
 * Congestion marks across the tunnel: copied outwards, and taken back in when they arrive.
 *
 * Only the two ECN bits cross. The DSCP inside stays what it was (pipe model, RFC 2983 §3).
 *
 * Source: RFC 6040 §4.1 (normal mode) and §4.2, figure 4; numbers in RFC 3168 §5.
 *
 * @module
 */
import { updated } from './checksum.ts';
import { ecnOf, packetBytesOf, read16, versionOf, write16 } from './headers.ts';

export const ECN = { notEct: 0, ect1: 1, ect0: 2, ce: 3 } as const;

const DROP = -1;

/** Row: the inner field; column: the outer one. RFC 6040 figure 4, in order of the numbers. */
// biome-ignore format: this is a table
const INNER_AFTER = Int8Array.of(
  //           outer Not-ECT  ECT(1)      ECT(0)      CE
  /* Not-ECT */  ECN.notEct,  ECN.notEct, ECN.notEct, DROP,
  /* ECT(1)  */  ECN.ect1,    ECN.ect1,   ECN.ect1,   ECN.ce,
  /* ECT(0)  */  ECN.ect0,    ECN.ect1,   ECN.ect0,   ECN.ce,
  /* CE      */  ECN.ce,      ECN.ce,     ECN.ce,     ECN.ce,
);

/** The field of the outer header for a packet whose own is `inner`, both 0…3. */
export function outerEcn(inner: number): number {
  return inner & 3;
}

/**
 * Bring what the network marked on the outer header into the inner packet.
 *
 * @param outer 0…3, of the datagram that carried it.
 * @returns false where the packet is to be dropped: it was marked, and its sender would not
 *   understand; or it is no IP packet. Then nothing is written.
 */
export function mergeOuterEcn(
  bytes: Uint8Array,
  at: number,
  packetBytes: number,
  outer: number,
): boolean {
  if (packetBytesOf(bytes, at, packetBytes) === 0) return false;
  const before = ecnOf(bytes, at);
  const after = INNER_AFTER[(before << 2) | (outer & 3)]!;
  if (after === DROP) return false;
  if (after === before) return true;

  const field = bytes[at + 1]!;
  if (versionOf(bytes, at) === 4) {
    bytes[at + 1] = (field & ~3) | after;
    write16(bytes, at + 10, updated(read16(bytes, at + 10), field, (field & ~3) | after));
  } else {
    bytes[at + 1] = (field & ~0x30) | (after << 4);
  }
  return true;
}
