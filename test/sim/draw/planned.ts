/**
 * Draws runs in which a session leaves a link that works: an operator asks for another one, or the round trip of the
 * binding grows until quality is judged; and it comes back by itself. Nothing is cut, and nothing may be lost.
 *
 * Nothing else goes wrong (`steady.ts`): what is under way on the link that is left has to come out once all the same. Seeds from {@link PLANNED_SEEDS_FROM} on are such runs.
 *
 * @module
 */
import type { Fault } from '../fault.ts';
import type { Options } from '../options.ts';
import type { Random } from '../random.ts';
import { CUTS_BEGIN_MS } from './cuts.ts';
import { drawSteadySite, STEADY_CLOCK, steadyLink } from './steady.ts';

/** Hubs that restart while devices are idle are below (`idle.ts`). */
export const PLANNED_SEEDS_FROM = 4_000_000_000;

const KINDS = ['ethernet', 'wifi', 'lte'] as const;
/** In so many of a hundred a link grows slow; in the others an operator asks. */
const SLOW_PERCENT = 35;
/** Both ways together more than what a policy calls bad, and little enough that answers are not taken for missing. */
const SLOW_MIN_MS = 540;
const SLOW_MAX_MS = 640;
/** So slowly that no question is given up for it. */
const STEP_MS = 10;
const STEP_EVERY_MS = 100;

export function drawPlannedOptions(random: Random): Options {
  const count = random.between(2, KINDS.length);
  const links = KINDS.slice(0, count).map((kind) =>
    steadyLink(kind, random.pick([3, 5, 12, 25, 60, 120])),
  );
  return { devices: [{ links, clock: STEADY_CLOCK }], ...drawSteadySite(random) };
}

export function drawPlannedFaults(random: Random, { chaosMs, devices }: Options): readonly Fault[] {
  const { links } = devices[0]!;
  const faults: Fault[] = [];
  let atMs = CUTS_BEGIN_MS + random.below(4_000);
  while (atMs < chaosMs - 6_000) {
    if (random.chance(SLOW_PERCENT) && atMs < chaosMs - 16_000) {
      atMs = growSlow(random, links[0]!.delayMs, atMs, faults) + random.between(12_000, 20_000);
    } else {
      faults.push({ atMs, kind: 'switchRequest', device: 0, link: random.below(links.length) });
      atMs += random.between(2_000, 12_000);
    }
  }
  return faults.toSorted((a, b) => a.atMs - b.atMs);
}

/** The preferred link takes ever longer, stays so, and is as it was at once; returns when. */
function growSlow(random: Random, delayMs: number, fromMs: number, faults: Fault[]): number {
  const slowMs = random.between(SLOW_MIN_MS, SLOW_MAX_MS);
  const of = { kind: 'link', device: 0, link: 0 } as const;
  let atMs = fromMs;
  for (let nowMs = delayMs; nowMs < slowMs; nowMs += STEP_MS) {
    faults.push({ atMs, ...of, change: { delayMs: nowMs } });
    atMs += STEP_EVERY_MS;
  }
  const endMs = atMs + random.between(3_000, 6_000);
  faults.push({ atMs: endMs, ...of, change: { delayMs } });
  return endMs;
}
