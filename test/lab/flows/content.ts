/**
 * An endless byte stream that follows from a seed: a random block, repeated, each repetition stamped with its number so
 * that a block lost, doubled or moved changes the hash.
 *
 * @module
 */
import { newRandom } from '../random.ts';

export const BLOCK_BYTES = 16 * 1024;
const WORD = 2 ** 32;

export class Content {
  readonly #block = new Uint8Array(BLOCK_BYTES);
  #number = 0;

  constructor(seed: number) {
    const random = newRandom(seed, 'content');
    for (let i = 0; i < BLOCK_BYTES; i += 1) this.#block[i] = random() * 256;
  }

  /** The next {@link BLOCK_BYTES} of the stream, in memory of its own. */
  nextBlock(): Uint8Array<ArrayBuffer> {
    const block = this.#block.slice();
    const view = new DataView(block.buffer);
    view.setUint32(0, Math.floor(this.#number / WORD));
    view.setUint32(4, this.#number % WORD);
    this.#number += 1;
    return block;
  }
}
