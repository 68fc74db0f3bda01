/**
 * Draws what happens to links: each fault has an end, drawn with it, which may lie beyond the chaos.
 *
 * @module
 */
import type { LinkChange } from '../fault.ts';
import type { Random } from '../random.ts';
import { CHAOS_BEGINS_MS, type Draw, device, times } from './draw.ts';

interface Trouble {
  readonly change: LinkChange;
  /** Null: it stays as it is. */
  readonly end: LinkChange | null;
}

type Draws = (random: Random) => Trouble;

/** Of a hundred seeds so many have this kind of trouble. */
const TROUBLES: readonly (readonly [percent: number, draw: Draws])[] = [
  [50, () => ({ change: { carrier: false }, end: { carrier: true } })],
  [25, () => ({ change: { address: false }, end: { address: true } })],
  [25, () => ({ change: { route: false }, end: { route: true } })],
  [20, () => ({ change: { plugged: false }, end: { plugged: true } })],
  [50, () => ({ change: { silent: true }, end: { silent: false } })],
  [30, () => ({ change: { outCut: true }, end: { outCut: false } })],
  [30, () => ({ change: { inCut: true }, end: { inCut: false } })],
  [20, () => ({ change: { captive: true }, end: { captive: false } })],
  [35, () => ({ change: { rebind: true }, end: null })],
  [35, (random) => ({ change: { lossPercent: random.between(5, 70) }, end: { lossPercent: 0 } })],
  [30, slow],
  [
    15,
    (random) => ({
      change: { duplicatePercent: random.between(5, 50) },
      end: { duplicatePercent: 0 },
    }),
  ],
  [
    15,
    (random) => ({ change: { reorderPercent: random.between(5, 50) }, end: { reorderPercent: 0 } }),
  ],
  [
    20,
    (random) => ({
      change: { kbitPerSecond: random.pick([16, 64, 500]) },
      end: { kbitPerSecond: 0 },
    }),
  ],
  [
    20,
    (random) => ({
      change: { pathMtuBytes: random.pick([1_280, 1_400, 1_470]) },
      end: { pathMtuBytes: 1_500 },
    }),
  ],
  [20, (random) => ({ change: { mtuBytes: random.pick([1_280, 1_420, 1_492]) }, end: null })],
];

function slow(random: Random): Trouble {
  const change = { delayMs: random.between(100, 1_500), jitterMs: random.below(300) };
  return { change, end: { delayMs: random.between(1, 60), jitterMs: random.below(20) } };
}

/** Another address in the place of the one before, now and then; the link works on. */
export function renumberings(draw: Draw): void {
  const { random } = draw;
  times(draw, 5, () => {
    const at = device(draw);
    const link = random.below(draw.options.devices[at]!.links.length);
    const change = { addressNumber: random.below(4) };
    draw.at(draw.sometime(), { kind: 'link', device: at, link, change });
  });
}

export function drawLinkFaults(draw: Draw): void {
  const { random, options } = draw;
  const troubles = TROUBLES.filter(([percent]) => random.chance(percent));
  if (troubles.length === 0) return;
  const busyMs = Math.max(random.pick([3_000, 8_000, 20_000]), Math.floor(options.chaosMs / 20));
  for (const [device, { links }] of options.devices.entries()) {
    let atMs = CHAOS_BEGINS_MS;
    for (;;) {
      atMs += random.between(200, 2 * busyMs);
      if (atMs > options.chaosMs) break;
      const link = random.below(links.length);
      const { change, end } = random.pick(troubles)[1](random);
      draw.at(atMs, { kind: 'link', device, link, change });
      const lastsMs = random.chance(60) ? random.between(50, 6_000) : random.between(6_000, 50_000);
      if (end !== null) draw.at(atMs + lastsMs, { kind: 'link', device, link, change: end });
    }
  }
}
