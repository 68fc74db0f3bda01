/**
 * What a fault says of itself, for a person to read.
 *
 * @module
 */

const DETAIL_MAX = 160;

/** One line of printable ASCII, of 160 characters at most. Others may have written some of it: nothing in it does a terminal obey. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, DETAIL_MAX);
}
