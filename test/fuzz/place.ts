/**
 * Where a process is in its work, as one number in a mapped file: whatever becomes of it, its parent knows the input.
 *
 * ```text
 *   NaN       it has not begun
 *   0, 1, …   the run of that number
 *   −1, −2, … the first, second, … of the known inputs: regressions, then corpus
 * ```
 *
 * Refuses to guess: where a corpus grows on the way, the input of a run follows from more than its number.
 *
 * @module
 */
import { bytesOfHex, readKnown } from './corpus.ts';
import { inputOf } from './engine.ts';
import type { Target } from './target.ts';
import type { Work } from './work.ts';

export const NOT_BEGUN = Number.NaN;

/** @param index of the known inputs, from 0. */
export const placeOfKnown = (index: number) => -1 - index;

/** Null: nothing was tried yet, or what was tried cannot be made again. */
export function inputAt(
  target: Target,
  { input, seed, grows }: Pick<Work, 'input' | 'seed' | 'grows'>,
  place: number,
): Uint8Array | null {
  if (Number.isNaN(place)) return null;
  if (input !== null) return bytesOfHex(input);
  const { regressions, corpus } = readKnown(target.name);
  if (place < 0) return [...regressions, ...corpus][placeOfKnown(place)] ?? null;
  return grows ? null : inputOf(target, seed, place, corpus);
}
