/**
 * The window that lets every counter through once (I5), as RFC 6479 does it.
 *
 * A ring of 32-bit words, one bit a counter. The ring has more words than the window needs, so that
 * sliding clears whole words and never shifts bits. It covers a power of two of counters, so that the
 * low 32 bits of a counter name its bit: no division and no remainder of large numbers on the way of
 * a packet. Counters are 0…2^53−1.
 *
 * ```text
 *        8192 counters behind the highest                highest
 *   tooOld │ duplicate or fresh, by bit                     │ fresh
 *  ────────┴────────────────────────────────────────────────┴──────────►
 * ```
 *
 * Ask `isFresh` or `classify` before authentication, `accept` after it: what is not authentic must
 * not move the window.
 *
 * @module
 */
import { assert } from './assert.ts';

/** Counters below the highest that are still told apart. 37 ms of data at 2.5 Gbit/s. */
export const REPLAY_WINDOW = 8192;

/** Counters that a RECEIVED frame describes: the highest and those just below it. */
export const RECEIVED_WINDOW = 4096;

/** At least `REPLAY_WINDOW / 32 + 1`, and a power of two. */
const WORD_COUNT = 512;
const WORD_MASK = WORD_COUNT - 1;

export type Freshness = 'fresh' | 'duplicate' | 'tooOld';

/** What arrived, for the peer: bit `i` (LSB first) stands for `counterMax − i`. */
export interface Received {
  /** −1 where nothing has arrived. */
  readonly counterMax: number;
  readonly bitmap: Uint8Array;
}

export class ReplayWindow {
  readonly #words = new Uint32Array(WORD_COUNT);
  #counterMax = -1;

  /** Highest accepted counter, −1 before the first. */
  get counterMax(): number {
    return this.#counterMax;
  }

  /** What `accept` would say of `counter`, without changing anything. */
  classify(counter: number): Freshness {
    if (counter > this.#counterMax) return 'fresh';
    if (this.#counterMax - counter >= REPLAY_WINDOW) return 'tooOld';
    return this.#has(counter) ? 'duplicate' : 'fresh';
  }

  isFresh(counter: number): boolean {
    if (counter > this.#counterMax) return true;
    return this.#counterMax - counter < REPLAY_WINDOW && !this.#has(counter);
  }

  /** Take `counter` if it is fresh. Only for packets that are authentic. */
  accept(counter: number): boolean {
    assert(Number.isSafeInteger(counter) && counter >= 0, 'counter is 0…2^53−1');
    if (!this.isFresh(counter)) return false;
    if (counter > this.#counterMax) this.#slideTo(counter);
    const index = wordOf(counter);
    this.#words[index] = (this.#words[index] ?? 0) | (1 << (counter & 31));
    return true;
  }

  /** The newest 4096 counters as a RECEIVED frame carries them. */
  received(): Received {
    const bitmap = new Uint8Array(RECEIVED_WINDOW / 8);
    const count = Math.min(RECEIVED_WINDOW, this.#counterMax + 1);
    for (let i = 0; i < count; i++) {
      if (!this.#has(this.#counterMax - i)) continue;
      bitmap[i >>> 3] = (bitmap[i >>> 3] ?? 0) | (1 << (i & 7));
    }
    return { counterMax: this.#counterMax, bitmap };
  }

  #has(counter: number): boolean {
    const word = this.#words[wordOf(counter)] ?? 0;
    return ((word >>> (counter & 31)) & 1) === 1;
  }

  #slideTo(counter: number): void {
    const before = this.#counterMax < 0 ? -1 : Math.floor(this.#counterMax / 32);
    const count = Math.floor(counter / 32) - before;
    this.#counterMax = counter;
    if (count === 0) return; // 31 of 32 packets
    const index = wordOf(counter);
    const cleared = Math.min(count, WORD_COUNT);
    for (let i = 0; i < cleared; i++) this.#words[(index - i) & WORD_MASK] = 0;
  }
}

/** Where the bit of `counter` lies; `|` takes the low 32 bits of any integer (ECMA-262 ToInt32). */
function wordOf(counter: number): number {
  return ((counter | 0) >>> 5) & WORD_MASK;
}

/** Whether `received` says that `counter` arrived, is missing, or lies outside what it describes. */
export function receivedState(
  received: Received,
  counter: number,
): 'arrived' | 'missing' | 'unknown' {
  if (counter > received.counterMax) return 'missing';
  const distance = received.counterMax - counter;
  if (distance >= received.bitmap.length * 8) return 'unknown';
  return (((received.bitmap[distance >>> 3] ?? 0) >>> (distance & 7)) & 1) === 1
    ? 'arrived'
    : 'missing';
}
