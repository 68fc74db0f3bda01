/**
 * Seeds as a person writes them: `1..200`, or one number.
 *
 * @module
 */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** A seed is 32 bits; more seeds than this at once are a typing error. */
const SEED_MAX = 2 ** 32 - 1;
const COUNT_MAX = 1_000_000;

/** @throws Error with a sentence for a person. */
export function readRange(name: string, text: string): Range {
  const found = /^(\d+)(?:\.\.(\d+))?$/.exec(text);
  if (found === null) throw new Error(`${name} takes A..B, not "${text}"`);
  const first = Number(found[1]);
  const last = Number(found[2] ?? found[1]);
  if (last > SEED_MAX) throw new Error(`${name}: seeds end at ${SEED_MAX}`);
  if (last < first) throw new Error(`${name}: ${first} comes after ${last}`);
  if (last - first >= COUNT_MAX) throw new Error(`${name}: at most ${COUNT_MAX} seeds at once`);
  return { first, last };
}

export const countOf = ({ first, last }: Range) => last - first + 1;

export const nameOf = ({ first, last }: Range) =>
  first === last ? String(first) : `${first}..${last}`;

export function seedsOf({ first, last }: Range): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}
