/**
 * Draws runs in which nothing may be lost: one calm world, and cuts that a ring of two seconds covers.
 *
 * A link is cut, in any of the ways that links fail, while another one is up; or a NAT forgets. Nothing else goes wrong, no
 * packet is lost by chance, overtaken or copied, and what applications send fits into the ring. So every packet has to
 * come out once (`run.ts`). Seeds from {@link CUT_SEEDS_FROM} on are such runs.
 *
 * @module
 */
import type { Fault, LinkChange } from '../fault.ts';
import type { LinkPlan, Options } from '../options.ts';
import type { Random } from '../random.ts';

/** Ordinary seeds are below. */
export const CUT_SEEDS_FROM = 1_000_000_000;

/** The session is born by then, and every standby link was asked. */
export const CUTS_BEGIN_MS = 14_000;
const TODAY_MS = 1_767_225_600_000;
const CHAOS_MIN_MS = 40_000;
const CHAOS_MAX_MS = 70_000;
/** Data keys are renewed after 120 s; so many of a hundred runs have a cut about then. */
const REKEY_PERCENT = 25;
const REKEY_MS = 120_000;
const REKEY_RUN_MS = 140_000;
/** In so many of a hundred runs links get other addresses. */
const RENUMBERED_PERCENT = 30;

const KINDS = ['ethernet', 'wifi', 'lte'] as const;

const CUTS: readonly (readonly [change: LinkChange, end: LinkChange])[] = [
  [{ carrier: false }, { carrier: true }],
  [{ silent: true }, { silent: false }],
  [{ outCut: true }, { outCut: false }],
  [{ inCut: true }, { inCut: false }],
  [{ address: false }, { address: true }],
  [{ plugged: false }, { plugged: true }],
];

export function drawCutOptions(random: Random): Options {
  const isRekeyed = random.fork('rekey').chance(REKEY_PERCENT);
  const count = random.between(2, KINDS.length);
  const clock = { wallMs: TODAY_MS, driftPpm: 0 };
  return {
    devices: [{ links: KINDS.slice(0, count).map((kind) => drawLink(random, kind)), clock }],
    hubs: [{ addresses: 1, clock }],
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
    chaosMs: isRekeyed ? REKEY_RUN_MS : random.between(CHAOS_MIN_MS, CHAOS_MAX_MS),
    losesNothing: true,
  };
}

function drawLink(random: Random, kind: LinkPlan['kind']): LinkPlan {
  return {
    name: `${kind}0`,
    kind,
    delayMs: random.pick([3, 5, 12, 25, 60]),
    jitterMs: 0,
    lossPercent: 0,
    duplicatePercent: 0,
    reorderPercent: 0,
    kbitPerSecond: 0,
    mtuBytes: 1_500,
  };
}

/** In some runs every link gets another address once, while nothing else is worked on. */
function addRenumbering(random: Random, faults: Fault[], chaosMs: number): void {
  if (chaosMs >= REKEY_RUN_MS || !random.chance(RENUMBERED_PERCENT)) return;
  const atMs = CUTS_BEGIN_MS - random.between(2_000, 4_000);
  for (let link = 0; link < KINDS.length; link++) {
    const change = { addressNumber: random.between(1, 3) };
    faults.push({ atMs: atMs + 500 * link, kind: 'link', device: 0, link, change });
  }
}

/** The preferred link is cut now and then, each time long enough to be given up; the others stay. */
export function drawCutFaults(random: Random, { chaosMs, devices }: Options): readonly Fault[] {
  const faults: Fault[] = [];
  const add = (atMs: number, link: number, change: LinkChange) =>
    faults.push({ atMs, kind: 'link', device: 0, link, change });
  const isRekeyed = chaosMs >= REKEY_RUN_MS;
  let atMs = CUTS_BEGIN_MS + random.below(4_000);
  while (atMs < chaosMs - 6_000) {
    const [change, end] = random.pick(CUTS);
    const forMs = random.between(2_500, 6_000);
    add(atMs, 0, change);
    add(atMs + forMs, 0, end);
    if (random.chance(30)) {
      // Not while the cut itself is worked on: two losses of one moment may take longer than the ring keeps.
      add(atMs + forMs + random.between(2_500, 5_000), random.below(devices[0]!.links.length), {
        rebind: true,
      });
    }
    atMs += forMs + random.between(12_000, 22_000);
    if (isRekeyed && atMs > REKEY_MS - 12_000 && atMs < REKEY_MS + 10_000) {
      atMs = REKEY_MS - 300 + random.below(3_000);
    }
  }
  addRenumbering(random.fork('renumbering'), faults, chaosMs);
  return faults.toSorted((a, b) => a.atMs - b.atMs);
}
