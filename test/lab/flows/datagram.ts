/**
 * The payload of the UDP flow. All fields big-endian, zeros up to the size asked for.
 *
 * ```text
 *  0               4               8                               16                              24
 *  +---------------+---------------+-------------------------------+-------------------------------+
 *  |    "jvuf"     |     zero      |  seq, from 0, float64         |  sentAtMs, float64            |
 *  +---------------+---------------+-------------------------------+-------------------------------+
 * ```
 *
 * @module
 */

export const DATAGRAM_BYTES_MIN = 24;
const MAGIC = 0x6a767566;

/** A datagram of `bytes`; {@link stamp} fills in the rest. */
export function newDatagram(bytes: number): Uint8Array {
  const datagram = new Uint8Array(Math.max(bytes, DATAGRAM_BYTES_MIN));
  new DataView(datagram.buffer).setUint32(0, MAGIC);
  return datagram;
}

export function stamp(datagram: Uint8Array, seq: number, sentAtMs: number): void {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  view.setFloat64(8, seq);
  view.setFloat64(16, sentAtMs);
}

/** Null for anything that is not ours. */
export function readDatagram(
  datagram: Uint8Array,
): { readonly seq: number; readonly sentAtMs: number } | null {
  if (datagram.byteLength < DATAGRAM_BYTES_MIN) return null;
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  if (view.getUint32(0) !== MAGIC) return null;
  const seq = view.getFloat64(8);
  if (!Number.isSafeInteger(seq) || seq < 0) return null;
  return { seq, sentAtMs: view.getFloat64(16) };
}
