/**
 * How long recoveries took, of many devices together: counts in steps of 9 %, so that sums of days stay small. Pure.
 *
 * A device says p50, p95 and the longest of its newest recoveries, and no single one. Half of them count as long as its
 * p50, those up to p95 as that, and the rest as the longest: of all of them together, no quantile that is read from here is
 * below the true one.
 *
 * @module
 */
import type { Recovery } from './report.ts';

/** Step → how many; fractions, since devices are weighed. A plain record, as the history keeps it. */
export type Latencies = Record<string, number>;

export interface Quantiles {
  readonly count: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** Steps a doubling. */
const FINENESS = 8;
/** 2^27 ms are 37 hours, longer than any recovery window that a policy allows (docs/policy.md). */
const STEP_MAX = 27 * FINENESS;

/** `count` recoveries that were like those that `recovery` speaks of. */
export function addRecoveries(latencies: Latencies, recovery: Recovery, count: number): void {
  const { p50, p95, max } = recovery;
  if (p50 === null || p95 === null || max === null || count <= 0) return;
  add(latencies, p50, count * 0.5);
  add(latencies, p95, count * 0.45);
  add(latencies, max, count * 0.05);
}

export function addLatencies(target: Latencies, more: Latencies): void {
  for (const [step, count] of Object.entries(more)) target[step] = (target[step] ?? 0) + count;
}

export function quantilesOf(latencies: Latencies): Quantiles {
  const steps = Object.keys(latencies)
    .map(Number)
    .sort((a, b) => a - b);
  const count = steps.reduce((sum, step) => sum + latencies[step]!, 0);
  const at = (share: number): number | null => {
    let below = 0;
    for (const step of steps) {
      below += latencies[step]!;
      // A hair less: sums of fractions are not exact.
      if (below >= share * count - 1e-6) return upperMs(step);
    }
    return null;
  };
  return { count: Math.round(count), p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

function add(latencies: Latencies, ms: number, count: number): void {
  const step = Math.ceil(Math.log2(Math.max(1, ms)) * FINENESS);
  const key = Math.min(STEP_MAX, step);
  latencies[key] = (latencies[key] ?? 0) + count;
}

const upperMs = (step: number) => Math.round(2 ** (step / FINENESS) * 10) / 10;
