/**
 * What is made of repeated measurements. Pure.
 *
 * @module
 */

/** Median with the extremes: the spread is part of a figure. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Null when nothing was measured. */
export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  return {
    median: medianOf(values),
    min: round(Math.min(...values)),
    max: round(Math.max(...values)),
  };
}

/** The middle value, or the mean of the middle two. NaN for none. */
export function medianOf(values: readonly number[]): number {
  const sorted = ascending(values);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  const lower = sorted.length % 2 === 1 ? upper : (sorted[middle - 1] ?? Number.NaN);
  return round((lower + upper) / 2);
}

/** The smallest value that at least `percent` of all values do not exceed (nearest rank). NaN for none. */
export function percentileOf(values: readonly number[], percent: number): number {
  const rank = Math.max(1, Math.ceil((percent / 100) * values.length));
  return ascending(values)[rank - 1] ?? Number.NaN;
}

/** The median of `value / base` of each round: noise that hits a whole round cancels. */
export function ratioOf(values: readonly number[], bases: readonly number[]): number | null {
  const ratios = values.flatMap((value, round) => {
    const base = bases[round];
    return base === undefined ? [] : [value / base];
  });
  return ratios.length === 0 ? null : medianOf(ratios);
}

/** Three decimals are more than any of these measurements knows. */
export const round = (value: number) => Math.round(value * 1000) / 1000;

const ascending = (values: readonly number[]) => [...values].sort((a, b) => a - b);
