/**
 * Draws runs in which hubs restart while devices have nothing to say over a metered link, and nothing else goes wrong: no
 * session may end of it, and the device finds out by its next keepalive (docs/decisions/0026-a-hub-says-which-keys-it-lost.md).
 *
 * Whoever asks by itself would find out as well, so links are metered and the next question is minutes away. Seeds from
 * {@link IDLE_SEEDS_FROM} on are such runs.
 *
 * @module
 */
import type { Fault } from '../fault.ts';
import type { LinkPlan, Options } from '../options.ts';
import type { Random } from '../random.ts';

/** Silences of the only link are below (`alone.ts`). */
export const IDLE_SEEDS_FROM = 3_000_000_000;

const TODAY_MS = 1_767_225_600_000;
/** Attached, and the first answers measured. */
const RESTARTS_BEGIN_MS = 15_000;
const CHAOS_MIN_MS = 150_000;
const CHAOS_MAX_MS = 320_000;
/** Until the next restart, and until everything heals: the session has its binding again. */
const PAUSE_MIN_MS = 40_000;
const DOWN_MAX_MS = 5_000;
/** None whose recovery window is shorter than its keepalives are apart: there a session may end of it. */
const POLICIES = ['quick', 'balanced', 'vehicle', 'metered-lte', 'low-power'] as const;

export function drawIdleOptions(random: Random): Options {
  const clock = { wallMs: TODAY_MS, driftPpm: 0 };
  const links = Array.from({ length: random.between(1, 2) }, (_, at) => drawLink(random, at));
  return {
    devices: Array.from({ length: random.between(1, 2) }, () => ({ links, clock })),
    hubs: [{ addresses: random.between(1, 2), clock }],
    isLeased: false,
    primitives: random.chance(10) ? 'real' : 'fast',
    policy: random.pick(POLICIES),
    traffic: { gapMs: 0, packets: 1, bytes: 64, pauseMs: 0 },
    storeDelayMs: random.pick([1, 5, 20]),
    flashWriteMs: random.pick([1, 10]),
    chaosMs: random.between(CHAOS_MIN_MS, CHAOS_MAX_MS),
    keepsSessions: true,
  };
}

/** Metered under every policy. */
function drawLink(random: Random, at: number): LinkPlan {
  const steady = { jitterMs: 0, lossPercent: 0, duplicatePercent: 0, reorderPercent: 0 };
  const delayMs = random.pick([5, 12, 25, 60, 120]);
  return { name: `lte${at}`, kind: 'lte', delayMs, ...steady, kbitPerSecond: 0, mtuBytes: 1_500 };
}

export function drawIdleFaults(random: Random, { chaosMs }: Options): readonly Fault[] {
  const faults: Fault[] = [];
  let atMs = RESTARTS_BEGIN_MS + random.below(40_000);
  while (atMs < chaosMs - DOWN_MAX_MS - PAUSE_MIN_MS) {
    const downMs = random.between(100, DOWN_MAX_MS);
    faults.push({ atMs, kind: 'hubCrash', hub: 0, downMs, afterCalls: 0 });
    atMs += downMs + PAUSE_MIN_MS + random.below(60_000);
  }
  return faults;
}
