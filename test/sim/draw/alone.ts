/**
 * Draws runs of one link that falls silent for less than it takes to be given up, or whose delay jumps: nothing may be lost.
 *
 * Nothing else goes wrong (`steady.ts`). There is nowhere to go, so patience and a claim to stay have to make it good
 * (docs/decisions/0021-patience-with-the-only-link.md). Seeds from {@link ALONE_SEEDS_FROM} on are such runs.
 *
 * @module
 */
import type { Fault, LinkChange } from '../fault.ts';
import type { Options } from '../options.ts';
import type { Random } from '../random.ts';
import { CUTS_BEGIN_MS } from './cuts.ts';
import { drawSteadySite, STEADY_CLOCK, steadyLink } from './steady.ts';

/** Cuts are below (`cuts.ts`). */
export const ALONE_SEEDS_FROM = 2_000_000_000;

/**
 * Shorter ones ask for no claim to stay: 250 ms without an answer do, which may count from a question 250 ms after the
 * silence began. Longer ones, with the way to the hub, are older than what is sent again.
 */
const SILENT_MIN_MS = 550;
const SILENT_MAX_MS = 1_200;
/** The delay goes up to this, both ways together below two seconds. */
const DELAY_MAX_MS = 800;
const SILENCE_PERCENT = 80;

const SILENCES: readonly (readonly [change: LinkChange, end: LinkChange])[] = [
  [{ silent: true }, { silent: false }],
  [{ outCut: true }, { outCut: false }],
  [{ inCut: true }, { inCut: false }],
];

export function drawAloneOptions(random: Random): Options {
  const kind = random.pick(['ethernet', 'wifi', 'lte'] as const);
  const links = [steadyLink(kind, random.pick([3, 5, 12, 25, 60]))];
  return { devices: [{ links, clock: STEADY_CLOCK }], ...drawSteadySite(random) };
}

export function drawAloneFaults(random: Random, { chaosMs, devices }: Options): readonly Fault[] {
  const faults: Fault[] = [];
  const add = (atMs: number, change: LinkChange) =>
    faults.push({ atMs, kind: 'link', device: 0, link: 0, change });
  const { delayMs } = devices[0]!.links[0]!;
  let atMs = CUTS_BEGIN_MS + random.below(4_000);
  while (atMs < chaosMs - 8_000) {
    const isSilence = random.chance(SILENCE_PERCENT);
    const jump = [{ delayMs: random.between(100, DELAY_MAX_MS) }, { delayMs }] as const;
    const [change, end] = isSilence ? random.pick(SILENCES) : jump;
    const forMs = isSilence
      ? random.between(SILENT_MIN_MS, SILENT_MAX_MS)
      : random.between(2_000, 6_000);
    add(atMs, change);
    add(atMs + forMs, end);
    atMs += forMs + random.between(14_000, 20_000);
  }
  return faults;
}
