/**
 * A datagram that knows whether it arrived as it was sent. All fields big-endian.
 *
 * ```text
 *  0                                32              40          44
 *  +--------------------------------+---------------+-----------+-------------------+
 *  |  SHA-256 of all that follows   | seq, float64  |  length   |  random content   |
 *  +--------------------------------+---------------+-----------+-------------------+
 * ```
 *
 * `length` is that of the whole datagram, so that one cut short is one that is damaged.
 *
 * @module
 */

const SHA256_BYTES = 32;
const SEQ_AT = 32;
const LENGTH_AT = 40;
export const HEADER_BYTES = 44;
export const DATAGRAM_BYTES_MAX = 8192;

/** {@link seqOf} of one that is not as it was sent. */
export const DAMAGED = -1;

/** Complete `datagram`, whose content from {@link HEADER_BYTES} on is in place. */
export function complete(datagram: Uint8Array, seq: number): void {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  view.setFloat64(SEQ_AT, seq);
  view.setUint32(LENGTH_AT, datagram.length);
  datagram.set(hashOf(datagram), 0);
}

/** Its number, from 0, or {@link DAMAGED}. */
export function seqOf(datagram: Uint8Array): number {
  if (datagram.length < HEADER_BYTES) return DAMAGED;
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  if (view.getUint32(LENGTH_AT) !== datagram.length) return DAMAGED;
  const hash = hashOf(datagram);
  for (let at = 0; at < SHA256_BYTES; at += 1) if (hash[at] !== datagram[at]) return DAMAGED;
  const seq = view.getFloat64(SEQ_AT);
  return Number.isSafeInteger(seq) && seq >= 0 ? seq : DAMAGED;
}

const hashOf = (datagram: Uint8Array) =>
  new Bun.CryptoHasher('sha256').update(datagram.subarray(SHA256_BYTES)).digest();

/** What arrived of one sender's datagrams. */
export class Arrivals {
  received = 0;
  damaged = 0;
  duplicated = 0;
  receivedBytes = 0;
  /** A bit each. */
  #seen = new Uint8Array(1024);

  note(datagram: Uint8Array): void {
    const seq = seqOf(datagram);
    this.received += 1;
    this.receivedBytes += datagram.length;
    if (seq === DAMAGED) this.damaged += 1;
    else if (this.#isSeen(seq)) this.duplicated += 1;
  }

  /** Whether it was there before; it is from now on. */
  #isSeen(seq: number): boolean {
    const [index, bit] = [Math.floor(seq / 8), 1 << (seq % 8)];
    if (index >= this.#seen.length) {
      const wider = new Uint8Array(2 * Math.max(index, this.#seen.length));
      wider.set(this.#seen);
      this.#seen = wider;
    }
    const before = this.#seen[index]!;
    this.#seen[index] = before | bit;
    return (before & bit) !== 0;
  }
}
