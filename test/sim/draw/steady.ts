/**
 * What runs have in common in which nothing but their own faults goes wrong: no packet is lost by chance, overtaken or
 * copied, and what applications send fits into the ring.
 *
 * @module
 */
import type { LinkPlan, Options } from '../options.ts';
import type { Random } from '../random.ts';

const TODAY_MS = 1_767_225_600_000;
const CHAOS_MIN_MS = 50_000;
const CHAOS_MAX_MS = 80_000;

export const STEADY_CLOCK = { wallMs: TODAY_MS, driftPpm: 0 } as const;

export function steadyLink(kind: LinkPlan['kind'], delayMs: number): LinkPlan {
  const steady = { jitterMs: 0, lossPercent: 0, duplicatePercent: 0, reorderPercent: 0 };
  return { name: `${kind}0`, kind, delayMs, ...steady, kbitPerSecond: 0, mtuBytes: 1_500 };
}

/** Everything but the devices, which are drawn before. */
export function drawSteadySite(random: Random): Omit<Options, 'devices'> {
  return {
    hubs: [{ addresses: random.between(1, 2), clock: STEADY_CLOCK }],
    isLeased: false,
    primitives: random.chance(10) ? 'real' : 'fast',
    policy: random.chance(70) ? 'quick' : 'balanced',
    traffic: {
      gapMs: random.pick([10, 20, 50]),
      packets: random.pick([1, 2]),
      bytes: random.pick([64, 200, 500]),
      pauseMs: 0,
    },
    storeDelayMs: random.pick([1, 5, 20]),
    flashWriteMs: random.pick([1, 10]),
    chaosMs: random.between(CHAOS_MIN_MS, CHAOS_MAX_MS),
    losesNothing: true,
  };
}
