/**
 * Seeded bytes and numbers for the tests of this folder: a seed means the same on every CPU.
 *
 * @module
 */
export class Seeded {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Next 32 bits (splitmix32, public-domain constants). */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  below(limit: number): number {
    return this.next() % limit;
  }

  bytes(count: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }

  /** `bytes` damaged the way a network or an attacker would: flipped, cut, grown or replaced. */
  damaged(bytes: Uint8Array): Uint8Array {
    switch (this.below(4)) {
      case 0: {
        const flipped = bytes.slice();
        const at = this.below(Math.max(1, bytes.length));
        flipped[at] = (flipped[at] ?? 0) ^ (1 << this.below(8));
        return flipped;
      }
      case 1:
        return bytes.slice(0, this.below(Math.max(1, bytes.length)));
      case 2:
        return Uint8Array.from([...bytes, ...this.bytes(1 + this.below(20))]);
      default:
        return this.bytes(this.below(200));
    }
  }
}
