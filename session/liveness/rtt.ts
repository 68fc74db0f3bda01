/**
 * Smoothed round-trip time and its variance, as RFC 6298 §2 computes them.
 *
 * @module
 */

export interface Rtt {
  readonly srttMs: number;
  readonly varMs: number;
}

/** Variance never counts for less than this: a tick of a small kernel is not a lost packet (chosen). */
const GRANULARITY_MS = 10;
/** … nor for less than this share of the round trip: a far path that was steady may sway (chosen). */
const SWAY = 0.25;

/** Before the first sample: RFC 6298 says 1 s; ours is shorter because a probe is cheap (chosen). */
const INITIAL_TIMEOUT_MS = 300;

export const TIMEOUT_MAX_MS = 2_000;

/**
 * Take a sample of `sampleMs` (0…) into the estimate.
 *
 * @param weight 0…1: how much of a sample it is, where many come in one round trip (RFC 7323 appendix G).
 */
export function withSample(rtt: Rtt | null, sampleMs: number, weight = 1): Rtt {
  if (rtt === null) return { srttMs: sampleMs, varMs: sampleMs / 2 };
  const { srttMs, varMs } = rtt;
  return {
    srttMs: srttMs + 0.125 * weight * (sampleMs - srttMs),
    varMs: varMs + 0.25 * weight * (Math.abs(srttMs - sampleMs) - varMs),
  };
}

/** How long to wait for an answer: srtt + 4 × variance (RFC 6298 §2.3, RFC 9002 §6.2.1). */
export function timeoutMs(rtt: Rtt | null): number {
  return rtt === null ? INITIAL_TIMEOUT_MS : Math.min(TIMEOUT_MAX_MS, rtt.srttMs + swayMs(rtt));
}

/** How much later than usual an answer may come and be none that is missing. */
export function swayMs({ srttMs, varMs }: Rtt): number {
  return Math.max(4 * varMs, SWAY * srttMs, GRANULARITY_MS);
}
