/**
 * Draws what happens to machines: crashes, flash, clocks, sleep, copies, restarts.
 *
 * @module
 */
import type { FlashFate } from '../fault.ts';
import { type Draw, device, hub, machine, times } from './draw.ts';

const FLASH_FATES: readonly FlashFate[] = [
  'keep',
  'keep',
  'keep',
  'torn',
  'torn',
  'torn',
  'rotOne',
  'rotOne',
  'rotBoth',
  'wiped',
];

/** Mostly at some boundary between two effects, sometimes between two events. */
const afterCalls = ({ random }: Draw) => (random.chance(30) ? 0 : random.between(1, 60));

export function deviceCrashes(draw: Draw): void {
  const { random } = draw;
  times(draw, 4, () => {
    const downMs = random.chance(80) ? random.below(4_000) : random.between(4_000, 60_000);
    draw.at(draw.sometime(), {
      kind: 'deviceCrash',
      device: device(draw),
      flash: random.pick(FLASH_FATES),
      downMs,
      afterCalls: afterCalls(draw),
    });
  });
}

export function hubCrashes(draw: Draw): void {
  const { random } = draw;
  times(draw, 3, () => {
    const downMs = random.chance(80) ? random.below(3_000) : random.between(3_000, 40_000);
    draw.at(draw.sometime(), {
      kind: 'hubCrash',
      hub: hub(draw),
      power: random.chance(40),
      downMs,
      afterCalls: afterCalls(draw),
    });
  });
}

export function flashFaults(draw: Draw): void {
  const { random } = draw;
  const modes = ['failUnwritten', 'failWritten', 'full'] as const;
  times(draw, 3, () => {
    const atMs = draw.sometime();
    const of = { kind: 'flash', device: device(draw) } as const;
    if (random.chance(30)) draw.at(atMs, { ...of, change: { writeMs: random.between(50, 3_000) } });
    else {
      draw.at(atMs, { ...of, change: { writes: random.pick(modes) } });
      draw.at(atMs + random.between(500, 20_000), { ...of, change: { writes: 'work' } });
    }
  });
}

export function wallSteps(draw: Draw): void {
  const { random } = draw;
  const sizes = [100, 5_000, 3_600_000, 40 * 365 * 86_400_000];
  times(draw, 3, () => {
    const byMs = random.pick(sizes) * (random.chance(50) ? 1 : -1);
    draw.at(draw.sometime(), { kind: 'wallStep', machine: machine(draw), byMs });
  });
}

export function drifts(draw: Draw): void {
  times(draw, 2, () =>
    draw.at(draw.sometime(), {
      kind: 'drift',
      machine: machine(draw),
      ppm: draw.random.between(-2_000, 2_000),
    }),
  );
}

export function suspends(draw: Draw): void {
  const { random } = draw;
  times(draw, 2, () => {
    const forMs = random.chance(70) ? random.between(100, 8_000) : random.between(8_000, 90_000);
    draw.at(draw.sometime(), { kind: 'suspend', machine: machine(draw), forMs });
  });
}

export function clones(draw: Draw): void {
  const downMs = draw.random.below(20_000);
  draw.at(draw.sometime(), { kind: 'clone', device: device(draw), downMs });
}

export function stops(draw: Draw): void {
  draw.at(draw.sometime(), {
    kind: 'sigterm',
    device: device(draw),
    downMs: draw.random.below(5_000),
  });
}
