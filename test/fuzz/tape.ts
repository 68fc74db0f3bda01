/**
 * Reads and writes the little programs that targets with a history take as input.
 *
 * A tape never ends with an error: behind its last byte there are zeros, and `hasMore` says so. So every
 * byte string is a program, and a mutated one still is.
 *
 * @module
 */

export class Tape {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get hasMore(): boolean {
    return this.#at < this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  word(): number {
    return (this.byte() << 8) | this.byte();
  }

  /** A length of two bytes and as many bytes as there still are. */
  block(): Uint8Array {
    const length = this.word();
    const block = this.#bytes.slice(this.#at, this.#at + length);
    this.#at += block.length;
    return block;
  }

  rest(): Uint8Array {
    const rest = this.#bytes.slice(this.#at);
    this.#at = this.#bytes.length;
    return rest;
  }
}

/** The other direction, for generators. */
export class TapeWriter {
  readonly #bytes: number[] = [];

  byte(value: number): this {
    this.#bytes.push(value & 0xff);
    return this;
  }

  word(value: number): this {
    return this.byte(value >>> 8).byte(value);
  }

  block(bytes: Uint8Array): this {
    this.word(bytes.length);
    return this.raw(bytes);
  }

  raw(bytes: Uint8Array): this {
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}
