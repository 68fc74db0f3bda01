/**
 * Deadlines that may be missing. Times of one clock, whichever; allocates nothing.
 *
 * @module
 */

/** Of two deadlines; null: there is none. */
export function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}
