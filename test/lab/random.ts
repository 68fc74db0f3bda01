/**
 * A seeded random generator (sfc32, Chris Doty-Humphrey, PractRand): the same seed gives the same run.
 *
 * Not for secrets.
 *
 * @module
 */

/** A function that returns the next number, 0 ≤ x < 1. `stream` separates generators that share a seed. */
export function newRandom(seed: number, stream: string): () => number {
  let a = seed | 0;
  let b = hash(stream);
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  // The first outputs still show the seed's structure.
  for (let i = 0; i < 15; i += 1) next();
  return next;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  }
  return value | 0;
}
