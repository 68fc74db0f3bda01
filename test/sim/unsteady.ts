/**
 * Scenarios of links that are bad and not dead, for bugs about quality: seeds draw such links too short, or beside so much
 * else that hardly any shows one.
 *
 * @module
 */
import type { Fault, LinkChange } from './fault.ts';
import type { LinkPlan, Options } from './options.ts';
import type { Scenario } from './scenario.ts';

const ETHERNET: LinkPlan = {
  ...{ name: 'ethernet0', kind: 'ethernet', delayMs: 10, jitterMs: 0, lossPercent: 0 },
  ...{ duplicatePercent: 0, reorderPercent: 0, kbitPerSecond: 0, mtuBytes: 1_500 },
};
const WIFI: LinkPlan = { ...ETHERNET, name: 'wifi0', kind: 'wifi' };
const TODAY = { wallMs: 1_767_225_600_000, driftPpm: 0 };
const BUSY: Options['traffic'] = { gapMs: 20, packets: 1, bytes: 200, pauseMs: 0 };

const at = (atMs: number, change: LinkChange, link = 0): Fault => ({
  ...{ atMs, kind: 'link', device: 0, link, change },
});

function unsteady(
  chaosMs: number,
  faults: readonly Fault[],
  links: readonly LinkPlan[] = [ETHERNET],
  options: Partial<Options> = {},
): Scenario {
  return {
    seed: 1,
    options: {
      devices: [{ links, clock: TODAY }],
      hubs: [{ addresses: 1, clock: TODAY }],
      ...{ isLeased: false, primitives: 'fast', policy: 'quick', traffic: BUSY },
      ...{ storeDelayMs: 5, flashWriteMs: 1, chaosMs },
      ...options,
    },
    faults,
  };
}

/** A round trip that gets from one value to the other within some seconds: all at once it would be a silence. */
function ramp(fromMs: number, delayMs: number, toDelayMs: number, link = 0): readonly Fault[] {
  return Array.from({ length: 30 }, (_, step) =>
    at(
      fromMs + 100 * (step + 1),
      { delayMs: delayMs + Math.round(((toDelayMs - delayMs) * (step + 1)) / 30) },
      link,
    ),
  );
}

/** The only link loses 58 of a hundred round trips for a while, and then none. */
export const LOSSY_ALONE: Scenario = unsteady(40_000, [
  at(10_000, { lossPercent: 35 }),
  at(25_000, { lossPercent: 0 }),
]);

/** Beside one that loses nothing; all at once that much would be no chance to who knows of no loss. */
export const LOSSY_BESIDE_WELL: Scenario = unsteady(
  30_000,
  [5, 12, 20, 35].map((lossPercent, step) => at(12_000 + 700 * step, { lossPercent })),
  [ETHERNET, WIFI],
);

/** Beside one that loses more. */
export const LOSSY_BESIDE_WORSE: Scenario = unsteady(
  40_000,
  [at(14_000, { lossPercent: 25 })],
  [ETHERNET, { ...WIFI, lossPercent: 40 }],
);

/** A round trip of 1.2 s, beside one of 1.12 s: better, but by less than policy asks for. */
export const SLOW_BESIDE_ALIKE: Scenario = unsteady(40_000, ramp(12_000, 10, 600), [
  ETHERNET,
  { ...WIFI, delayMs: 560 },
]);

/** A round trip over the enter value, and then one between that and the leave value. */
export const SLOW_AND_LESS_SO: Scenario = unsteady(45_000, [
  ...ramp(10_000, 10, 600),
  ...ramp(25_000, 600, 350),
]);

/** A preferred link is cut, and is slow when it is back. */
const CUT_AND_SLOW = [
  at(14_000, { carrier: false }),
  at(16_000, { delayMs: 400 }),
  at(17_000, { carrier: true }),
];
export const BACK_AND_SLOW: Scenario = unsteady(45_000, CUT_AND_SLOW, [ETHERNET, WIFI]);

/** … and as good as before, where policy wants no failback. */
export const BACK_UNWANTED: Scenario = unsteady(
  45_000,
  [at(14_000, { carrier: false }), at(17_000, { carrier: true })],
  [ETHERNET, WIFI],
  { policy: 'staying' },
);

/** A round trip that jumps from 80 to 800 ms beside another link: a known limit, the link is left as if it were silent. */
export const JUMP_BESIDE_WELL: Scenario = unsteady(
  18_000,
  [at(15_000, { delayMs: 400 })],
  [ETHERNET, WIFI].map((link) => ({ ...link, delayMs: 40 })),
  { policy: 'balanced', losesNothing: true },
);
