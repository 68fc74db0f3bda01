/**
 * Draws faults that meet: what goes wrong while something else is under way, which chance alone rarely draws.
 *
 * @module
 */
import { type Draw, device, times } from './draw.ts';

/** A switch is asked for, and directly behind it another link dies or the store answers no more. */
export function races(draw: Draw): void {
  const { random, options } = draw;
  times(draw, 4, () => {
    const at = device(draw);
    const { length } = options.devices[at]!.links;
    const link = random.below(length);
    const atMs = draw.sometime();
    draw.at(atMs, { kind: 'switchRequest', device: at, link });
    if (random.chance(40)) worseStore(draw, atMs);
    if (length === 1) return;
    const other = (link + random.between(1, length - 1)) % length;
    const dies = random.pick([
      [{ carrier: false }, { carrier: true }],
      [{ silent: true }, { silent: false }],
      [{ inCut: true }, { inCut: false }],
    ] as const);
    const of = { kind: 'link', device: at, link: random.chance(70) ? other : link } as const;
    const diesAtMs = atMs + random.below(150);
    draw.at(diesAtMs, { ...of, change: dies[0] });
    draw.at(diesAtMs + random.between(50, 4_000), { ...of, change: dies[1] });
  });
}

function worseStore(draw: Draw, atMs: number): void {
  const { random } = draw;
  const change = {
    delayMs: random.pick([50, 300, 1_500]),
    lostAnswerPercent: random.pick([0, 60, 100]),
    latePercent: random.pick([0, 50]),
  };
  draw.at(Math.max(0, atMs - 20), { kind: 'store', change });
  const healed = { delayMs: 5, lostAnswerPercent: 0, latePercent: 0 };
  draw.at(atMs + random.between(500, 6_000), { kind: 'store', change: healed });
}

/** A device that has just started again dies again. */
export function doubleCrashes(draw: Draw): void {
  const { random } = draw;
  times(draw, 3, () => {
    const at = device(draw);
    const downMs = random.below(1_000);
    const atMs = draw.sometime();
    const crash = { kind: 'deviceCrash', device: at } as const;
    const flash = random.pick(['keep', 'torn'] as const);
    draw.at(atMs, { ...crash, flash: 'keep', downMs, afterCalls: 0 });
    const againAtMs = atMs + downMs + random.below(400);
    draw.at(againAtMs, {
      ...crash,
      flash,
      downMs: random.below(1_000),
      afterCalls: random.below(40),
    });
  });
}
