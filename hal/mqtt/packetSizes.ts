/**
 * Whether a peer begins an MQTT packet that is longer than any should be: known from its length field, before the rest is there.
 *
 * MQTT.js looks at the size of a packet when it holds all of it, while the length field allows 256 MB. Packets are counted and not what
 * comes at once: a broker may send many short ones in a row.
 *
 * Source: MQTT 5 §1.5.5, §2.1; the same in 3.1.1.
 *
 * @module
 */

/** A length field has no more bytes than this. */
const LENGTH_BYTES_MAX = 4;

export class PacketSizes {
  readonly #bytesMax: number;
  /** Of the packet under way. */
  #leftBytes = 0;
  #lengthBytes = 0;
  /** Of its length field, how many bytes were read; null: its first byte has not come. */
  #digits: number | null = null;

  /** @param bytesMax what may follow the length field. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Takes what came, in whatever pieces. True: a packet in it is too long, and nothing behind it can be told apart. */
  isOver(chunk: Uint8Array): boolean {
    for (let at = 0; at < chunk.length; ) {
      if (this.#leftBytes > 0) {
        const bytes = Math.min(this.#leftBytes, chunk.length - at);
        this.#leftBytes -= bytes;
        at += bytes;
        continue;
      }
      const byte = chunk[at] ?? 0;
      at += 1;
      if (this.#digits === null) {
        this.#digits = 0;
        this.#lengthBytes = 0;
      } else if (this.#isTooLong(byte, this.#digits)) return true;
    }
    return false;
  }

  #isTooLong(byte: number, digits: number): boolean {
    const isLast = byte < 0x80;
    this.#lengthBytes += (byte & 0x7f) * 0x80 ** digits;
    this.#digits = isLast ? null : digits + 1;
    if (isLast) this.#leftBytes = this.#lengthBytes;
    return this.#lengthBytes > this.#bytesMax || this.#digits === LENGTH_BYTES_MAX;
  }
}
