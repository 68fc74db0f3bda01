/**
 * Whether rounds side by side give the same figures as rounds alone: asked of this machine before every run. Pure.
 *
 * @module
 */
import { medianOf, percentileOf, round } from '../statistics.ts';

/** Between medians; less is within what a round differs from the next one by. Chosen. */
const SHIFT_MS_MAX = 5;
const SHIFT_SHARE_MAX = 0.05;
/** Two-sided 1 % of the normal distribution. */
const Z_MAX = 2.576;
/** Of each kind; fewer cannot tell much from chance. Chosen. */
const ROUNDS_MIN = 6;

export interface LaneComparison {
  readonly alone_ms: readonly number[];
  readonly beside_ms: readonly number[];
  readonly alone_ms_p50: number;
  readonly beside_ms_p50: number;
  readonly alone_ms_p95: number;
  readonly beside_ms_p95: number;
  /** Of the rank-sum test; beyond ±2.576 chance explains it in one case of a hundred. */
  readonly z: number;
  readonly changes_figures: boolean;
}

/** @param alone gaps of rounds with the machine to themselves; `beside` those of the same kind, two at a time. */
export function compareLanes(alone: readonly number[], beside: readonly number[]): LaneComparison {
  const [aloneMs, besideMs] = [medianOf(alone), medianOf(beside)];
  const z = rankSumZ(alone, beside);
  const shiftMs = Math.abs(besideMs - aloneMs);
  // Without rounds to compare, nothing is shown.
  const isShown = alone.length >= ROUNDS_MIN && beside.length >= ROUNDS_MIN;
  const isLarge = shiftMs > Math.max(SHIFT_MS_MAX, SHIFT_SHARE_MAX * aloneMs);
  return {
    alone_ms: alone.map(round),
    beside_ms: beside.map(round),
    alone_ms_p50: aloneMs,
    beside_ms_p50: besideMs,
    alone_ms_p95: round(percentileOf(alone, 95)),
    beside_ms_p95: round(percentileOf(beside, 95)),
    z: round(z),
    changes_figures: !isShown || (isLarge && Math.abs(z) > Z_MAX),
  };
}

/** Wilcoxon's rank-sum test as a standard normal deviate (Mann and Whitney 1947), ties sharing their mean rank. */
export function rankSumZ(a: readonly number[], b: readonly number[]): number {
  const all = [
    ...a.map((value) => ({ value, isA: true })),
    ...b.map((value) => ({ value, isA: false })),
  ];
  all.sort((x, y) => x.value - y.value);
  let rankSum = 0;
  for (let from = 0; from < all.length; ) {
    let to = from;
    while (to < all.length && all[to]!.value === all[from]!.value) to += 1;
    const meanRank = (from + 1 + to) / 2;
    for (let at = from; at < to; at += 1) if (all[at]!.isA) rankSum += meanRank;
    from = to;
  }
  const [n, m] = [a.length, b.length];
  const expected = (n * (n + m + 1)) / 2;
  const deviation = Math.sqrt((n * m * (n + m + 1)) / 12);
  return deviation === 0 ? 0 : (rankSum - expected) / deviation;
}
