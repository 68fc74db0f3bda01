/**
 * What every drawer of faults works with.
 *
 * @module
 */
import type { FaultBody, Machine } from '../fault.ts';
import type { Options } from '../options.ts';
import type { Random } from '../random.ts';

/** Nothing before this: the first session has a chance to be born. */
export const CHAOS_BEGINS_MS = 2_000;

export interface Draw {
  readonly random: Random;
  readonly options: Options;
  at(atMs: number, body: FaultBody): void;
  /** A moment of the chaos. */
  sometime(): number;
}

export const device = ({ random, options }: Draw) => random.below(options.devices.length);
export const hub = ({ random, options }: Draw) => random.below(options.hubs.length);

export function machine(draw: Draw): Machine {
  const isHub = draw.random.chance(40);
  return isHub ? { role: 'hub', index: hub(draw) } : { role: 'device', index: device(draw) };
}

export function times(draw: Draw, most: number, once: () => void): void {
  for (let left = draw.random.between(1, most); left > 0; left--) once();
}
