/**
 * How long to wait before trying again: doubling, capped, and never in step with other devices.
 *
 * @module
 */

export interface BackoffLimits {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * @param failures in a row, from 1.
 * @param random 0…1; the upper half of the interval is spread by it.
 */
export function backoffMs(failures: number, limits: BackoffLimits, random: number): number {
  const wholeMs = Math.min(limits.maxMs, limits.firstMs * 2 ** Math.min(failures - 1, 30));
  return wholeMs / 2 + (wholeMs / 2) * random;
}
