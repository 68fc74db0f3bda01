/**
 * A bug that is planted on purpose: one place in one file, or two where the code looks twice, replaced while the file is loaded.
 *
 * The tree itself is never touched. A place that is missing or not unique is an error, so that the table
 * stays true when the code moves.
 *
 * @module
 */
import type { InvariantId } from '../outcome.ts';
import type { Scenario } from '../scenario.ts';

interface Planted {
  readonly find: string;
  readonly replace: string;
}

export interface Mutant extends Planted {
  /** Kebab case, stable: what is missing or wrong. */
  readonly id: string;
  /** From the root of the tree. */
  readonly file: string;
  /** Occurs exactly once in `file`. */
  readonly find: string;
  readonly replace: string;
  /** Another place in `file`, without which the first one changes nothing. */
  readonly also?: Planted;
  /** What it breaks, as a sentence. */
  readonly breaks: string;
  /** What should notice. */
  readonly invariant: InvariantId;
  /** Seeds are counted from here; left out: from 0. */
  readonly seedsFrom?: number;
  /** What shows it, where a seed would have to draw minutes of a thing that none draws; clean without the bug. */
  readonly scenario?: Scenario;
}

/** @throws Error where a place is not there or not the only one. */
export function plant(source: string, mutant: Mutant): string {
  const first = plantOne(source, mutant, mutant);
  return mutant.also === undefined ? first : plantOne(first, mutant, mutant.also);
}

function plantOne(source: string, { id, file }: Mutant, { find, replace }: Planted): string {
  const at = source.indexOf(find);
  if (at < 0) throw new Error(`mutant ${id}: ${file} has no such place: ${find}`);
  if (source.indexOf(find, at + 1) >= 0) {
    throw new Error(`mutant ${id}: ${file} has that place more than once: ${find}`);
  }
  return source.slice(0, at) + replace + source.slice(at + find.length);
}
