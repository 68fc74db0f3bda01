/**
 * What a fuzz target is: bytes from outside go in, and something stronger than "does not throw" is held
 * against what comes out.
 *
 * Every target takes bytes, so that mutation, minimising, corpus and hex are the same for all of them.
 * Where the real input is no byte string (a history of datagrams, a stream of log lines) the bytes are
 * a small program that the target reads with `tape.ts`.
 *
 * @module
 */
import type { Random } from '../sim/random.ts';

/** `accepted`: it got past the last check. A generator that never gets there tests the first one only. */
export type Outcome = 'accepted' | 'refused';

export interface Target {
  readonly name: string;
  /** What is attacked, in one sentence. */
  readonly what: string;
  /** Source files whose blocks guide the growth of the corpus: prefixes of paths. */
  readonly covers: readonly string[];
  /** No input is longer. */
  readonly bytesMax: number;
  /** Byte strings worth having in an input: keywords, magic numbers. */
  readonly words?: readonly Uint8Array[];
  /** An input from the grammar, sane or nearly so. */
  generate(random: Random): Uint8Array;
  /**
   * One run, the same for the same bytes.
   *
   * @throws Finding where the oracle objects. Anything else thrown is a crash of the code under test.
   */
  judge(input: Uint8Array): Outcome | Promise<Outcome>;
  /** Gives back what its runs share; the next run makes it again. `scripts/fuzz` ends the process instead. */
  close?(): Promise<void>;
}

/** The code under test did not throw, but what it did is wrong. */
export class Finding extends Error {
  override readonly name = 'Finding';
}

export function demand(holds: boolean, claim: string): asserts holds {
  if (!holds) throw new Finding(claim);
}
