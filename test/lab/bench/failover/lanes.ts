/**
 * Whether rounds side by side give the same figures as rounds alone: asked of this machine before every run. Pure.
 *
 * @module
 */
import { medianOf, percentileOf, round } from '../statistics.ts';

/** What two lanes may move the gaps by: less than the goals are given to. Chosen. */
const SHIFT_MS_MAX = 5;
const SHIFT_SHARE_MAX = 0.05;
/** Of each kind; fewer cannot show that nothing moves. Chosen. */
const ROUNDS_MIN = 12;

export interface LaneComparison {
  readonly alone_ms: readonly number[];
  readonly beside_ms: readonly number[];
  readonly alone_ms_p50: number;
  readonly beside_ms_p50: number;
  readonly alone_ms_p95: number;
  readonly beside_ms_p95: number;
  /** How much longer the gaps are side by side. */
  readonly shift_ms: number;
  /** Of the rank-sum test; beyond ±2.576 chance explains it in one case of a hundred. */
  readonly z: number;
  readonly changes_figures: boolean;
}

/** @param alone gaps of rounds with the machine to themselves; `beside` those of the same kind, two at a time. */
export function compareLanes(alone: readonly number[], beside: readonly number[]): LaneComparison {
  const aloneMs = medianOf(alone);
  const shiftMs = shiftOf(alone, beside);
  // It is the sameness that has to be shown: a difference that noise might explain may as well be one.
  const isShown = alone.length >= ROUNDS_MIN && beside.length >= ROUNDS_MIN;
  const isSame = Math.abs(shiftMs) <= Math.max(SHIFT_MS_MAX, SHIFT_SHARE_MAX * aloneMs);
  return {
    alone_ms: alone.map(round),
    beside_ms: beside.map(round),
    alone_ms_p50: aloneMs,
    beside_ms_p50: medianOf(beside),
    alone_ms_p95: round(percentileOf(alone, 95)),
    beside_ms_p95: round(percentileOf(beside, 95)),
    shift_ms: shiftMs,
    z: round(rankSumZ(alone, beside)),
    changes_figures: !isShown || !isSame,
  };
}

/** The median of all differences of pairs (Hodges and Lehmann 1963): less at the mercy of noise than that of medians. */
export function shiftOf(alone: readonly number[], beside: readonly number[]): number {
  return medianOf(beside.flatMap((longer) => alone.map((shorter) => longer - shorter)));
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
