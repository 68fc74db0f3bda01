/**
 * Draws runs in which signed policies are pushed: some prove themselves, some cannot because no hub is reached meanwhile, and some are
 * cut short by the power, before, in or after a write. Some come before their time, some while another one is on trial. Newer and older
 * files come in between.
 *
 * Nothing else goes wrong (`steady.ts`); packets may be lost where the power or the way to the hub is cut. Seeds from
 * {@link PUSHED_SEEDS_FROM} on are such runs.
 *
 * @module
 */
import type { Fault } from '../fault.ts';
import type { Options } from '../options.ts';
import type { Random } from '../random.ts';
import { STEADY_CLOCK, steadyLink } from './steady.ts';

/** Planned switches are below (`planned.ts`); streams take 32 bits of a seed. */
export const PUSHED_SEEDS_FROM = 4_100_000_000;

const KINDS = ['ethernet', 'wifi'] as const;
/** They differ in what no other rule of a run rests on. */
const POLICIES = ['quick', 'balanced', 'staying'] as const;
/** Attached, and measured. */
const PUSHES_BEGIN_MS = 8_000;
/** The window of a policy on trial, and what comes behind it. */
const PAUSE_MIN_MS = 14_000;
/** Longer than the window. */
const CUT_MIN_MS = 10_500;
const CUT_MAX_MS = 14_000;
const CHAOS_MIN_MS = 120_000;
const CHAOS_MAX_MS = 200_000;

export function drawPushedOptions(random: Random): Options {
  const links = KINDS.slice(0, random.between(1, 2)).map((kind) =>
    steadyLink(kind, random.pick([3, 12, 60])),
  );
  return {
    devices: [{ links, clock: STEADY_CLOCK }],
    hubs: [{ addresses: random.between(1, 2), clock: STEADY_CLOCK }],
    isLeased: false,
    primitives: random.chance(10) ? 'real' : 'fast',
    policy: 'quick',
    traffic: { gapMs: random.pick([0, 200]), packets: 1, bytes: 64, pauseMs: 0 },
    storeDelayMs: random.pick([1, 5, 20]),
    flashWriteMs: random.pick([1, 10]),
    chaosMs: random.between(CHAOS_MIN_MS, CHAOS_MAX_MS),
  };
}

export function drawPushedFaults(random: Random, { chaosMs }: Options): readonly Fault[] {
  const faults: Fault[] = [];
  const of = { kind: 'policyReload', machine: { role: 'device', index: 0 } } as const;
  for (let atMs = PUSHES_BEGIN_MS; atMs < chaosMs - CUT_MAX_MS; ) {
    const policy = random.pick(POLICIES);
    if (random.chance(10)) faults.push({ atMs, ...of, policy, isPushed: true, isEarly: true });
    else if (!random.chance(15)) {
      faults.push({ atMs, ...of, policy, isPushed: true }, ...drawTrial(random, atMs));
      // Another one while that is on trial, which gets its turn behind it.
      if (random.chance(25)) {
        const laterAtMs = atMs + random.between(500, 4_000);
        faults.push({ atMs: laterAtMs, ...of, policy: random.pick(POLICIES), isPushed: true });
      }
    } else if (random.chance(40)) faults.push({ atMs, ...of, policy, isOlder: true });
    else faults.push({ atMs, ...of, policy });
    atMs += PAUSE_MIN_MS + random.below(10_000);
  }
  return faults.toSorted((a, b) => a.atMs - b.atMs);
}

/** What happens to the policy that was pushed at `atMs`; nothing: it proves itself. */
function drawTrial(random: Random, atMs: number): readonly Fault[] {
  const fate = random.below(100);
  if (fate < 35) {
    const of = { kind: 'hubUplink', hub: 0 } as const;
    const fromMs = atMs - random.between(1, 50);
    const endMs = fromMs + random.between(CUT_MIN_MS, CUT_MAX_MS);
    return [
      { atMs: fromMs, ...of, isCut: true },
      { atMs: endMs, ...of, isCut: false },
    ];
  }
  if (fate < 65) {
    const crash = { kind: 'deviceCrash', device: 0, downMs: random.between(100, 2_000) } as const;
    const flash = random.pick(['keep', 'torn'] as const);
    const afterCalls = random.chance(50) ? random.between(1, 12) : 0;
    return [{ atMs: atMs + random.below(120), ...crash, flash, afterCalls }];
  }
  return [];
}
