/**
 * Seeded bytes and numbers for the tests of this folder: a seed means the same on every CPU.
 *
 * @module
 */
import { Random } from '../../../sim/random.ts';

export class Seeded extends Random {
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
