/**
 * I7 bounded-switching: never more than the cap of switches in any 60 s.
 *
 * @module
 */

const MINUTE_MS = 60_000;

/** What is wrong with switches at `switchedAtMs` (ascending) under a cap of `switchesMax`, or null. */
export function excessSwitching(
  switchedAtMs: readonly number[],
  switchesMax: number,
): string | null {
  for (const [index, atMs] of switchedAtMs.entries()) {
    const within = switchedAtMs.slice(index).filter((other) => other - atMs < MINUTE_MS).length;
    if (within > switchesMax)
      return `I7: ${within} switches in 60 s from ${atMs}, cap ${switchesMax}`;
  }
  return null;
}
