/**
 * Draws what a run is like before anything goes wrong.
 *
 * @module
 */
import type { ClockPlan, DevicePlan, HubPlan, LinkPlan, Options, TrafficPlan } from '../options.ts';
import { POLICY_VARIANTS } from '../options.ts';
import type { Random } from '../random.ts';

const KINDS = ['ethernet', 'wifi', 'lte'] as const;
/** Any day will do: 2026-01-01T00:00:00Z. */
const TODAY_MS = 1_767_225_600_000;
const CHAOS_MIN_MS = 15_000;
const CHAOS_MAX_MS = 90_000;

/** So many of a hundred run for as long as keys and sparse probes live, mostly idle. */
const LONG_PERCENT = 3;
const LONG_MIN_MS = 20 * 60_000;
const LONG_MAX_MS = 75 * 60_000;
const RARE: TrafficPlan = { gapMs: 20_000, packets: 1, bytes: 200, pauseMs: 0 };

export function drawOptions(random: Random): Options {
  const quality = drawQuality(random.fork('quality'));
  const machines = random.fork('machines');
  const devices = machines.chance(70) ? 1 : machines.between(2, 3);
  const hubs = machines.chance(60) ? 1 : machines.between(2, 3);
  const misc = random.fork('misc');
  const isLong = random.fork('length').chance(LONG_PERCENT);
  return {
    devices: list(devices, (at) => drawDevice(random.fork(`device ${at}`), quality)),
    hubs: list(hubs, (at) => drawHub(random.fork(`hub ${at}`))),
    isLeased: hubs > 1 || misc.chance(20),
    primitives: misc.chance(10) ? 'real' : 'fast',
    policy: misc.chance(60) ? 'quick' : misc.pick(POLICY_VARIANTS),
    traffic: isLong ? RARE : drawTraffic(random.fork('traffic')),
    storeDelayMs: misc.pick([1, 5, 20, 60]),
    flashWriteMs: misc.pick([1, 10, 40]),
    chaosMs: isLong
      ? misc.between(LONG_MIN_MS, LONG_MAX_MS)
      : misc.between(CHAOS_MIN_MS, CHAOS_MAX_MS),
  };
}

interface Quality {
  readonly lossMaxPercent: number;
  readonly delayMaxMs: number;
  readonly jitterMaxMs: number;
  readonly duplicatePercent: number;
  readonly reorderPercent: number;
  readonly isNarrow: boolean;
}

function drawQuality(random: Random): Quality {
  return {
    lossMaxPercent: random.chance(50) ? random.between(1, 25) : 0,
    delayMaxMs: random.pick([10, 40, 120, 300]),
    jitterMaxMs: random.chance(50) ? random.between(1, 60) : 0,
    duplicatePercent: random.chance(30) ? random.between(1, 15) : 0,
    reorderPercent: random.chance(30) ? random.between(1, 15) : 0,
    isNarrow: random.chance(20),
  };
}

function drawDevice(random: Random, quality: Quality): DevicePlan {
  const count = random.between(1, KINDS.length);
  return {
    links: KINDS.slice(0, count).map((kind) => drawLink(random, kind, quality)),
    clock: drawClock(random, random.chance(25)),
  };
}

function drawLink(random: Random, kind: LinkPlan['kind'], quality: Quality): LinkPlan {
  return {
    name: `${kind}0`,
    kind,
    delayMs: random.between(1, quality.delayMaxMs),
    jitterMs: quality.jitterMaxMs === 0 ? 0 : random.below(quality.jitterMaxMs),
    lossPercent: quality.lossMaxPercent === 0 ? 0 : random.below(quality.lossMaxPercent),
    duplicatePercent: quality.duplicatePercent,
    reorderPercent: quality.reorderPercent,
    kbitPerSecond: quality.isNarrow ? random.pick([64, 256, 2_000]) : 0,
    mtuBytes: random.chance(80) ? 1_500 : random.pick([1_492, 1_420, 1_280]),
  };
}

function drawHub(random: Random): HubPlan {
  return { addresses: random.between(1, 2), clock: drawClock(random, false) };
}

function drawClock(random: Random, isWithoutBattery: boolean): ClockPlan {
  return {
    wallMs: isWithoutBattery ? random.below(60_000) : TODAY_MS + random.below(10_000),
    driftPpm: random.chance(40) ? random.between(-200, 200) : 0,
  };
}

function drawTraffic(random: Random): TrafficPlan {
  return {
    gapMs: random.chance(15) ? 0 : random.pick([200, 500, 1_500]),
    packets: random.chance(6) ? 12 : random.pick([1, 1, 3]),
    bytes: random.pick([64, 200, 1_200, 1_400]),
    pauseMs: random.chance(40) ? random.between(5_000, 20_000) : 0,
  };
}

function list<T>(length: number, make: (at: number) => T): T[] {
  return Array.from({ length }, (_, at) => make(at));
}
