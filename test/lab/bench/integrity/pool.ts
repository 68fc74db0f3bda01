/**
 * Random bytes to send, and how many at a time: what a stream holds follows from the seed, and making it costs nothing
 * while it is sent, because every piece is a piece of one block at a random place.
 *
 * @module
 */
import { NativeMemory } from '../../libc.ts';
import { newRandom } from '../../random.ts';

/** A piece lost and a piece of another place in its stead are equal with a chance of one in this many. */
const POOL_BYTES = 2 ** 25;
const WORD = 2 ** 32;

export function newPool(seed: number): NativeMemory {
  const pool = new NativeMemory(POOL_BYTES);
  const random = newRandom(seed, 'pool');
  for (let at = 0; at < POOL_BYTES; at += 4) pool.view.setUint32(at, random() * WORD, true);
  return pool;
}

/** A whole number, `least`…`most`, small ones as likely as large ones are within each doubling. */
export function logUniform(random: () => number, least: number, most: number): number {
  return Math.min(most, Math.floor(least * ((most + 1) / least) ** random()));
}

/** Where a piece of `bytes` begins. */
export const placeOf = (random: () => number, bytes: number): number =>
  Math.floor(random() * (POOL_BYTES - bytes + 1));
