/**
 * Everything that one seed decides, as plain data: printed first, replayed, and cut down by the shrinker.
 *
 * Swarm testing: a seed first draws which kinds of faults exist at all, then how strong, then when. What
 * the run draws besides (which packet is lost) comes from streams of the same seed.
 *
 * @module
 */
import { ALONE_SEEDS_FROM, drawAloneFaults, drawAloneOptions } from './draw/alone.ts';
import { CUT_SEEDS_FROM, drawCutFaults, drawCutOptions } from './draw/cuts.ts';
import { drawFaults } from './draw/faults.ts';
import { drawIdleFaults, drawIdleOptions, IDLE_SEEDS_FROM } from './draw/idle.ts';
import { drawOptions } from './draw/options.ts';
import { drawPlannedFaults, drawPlannedOptions, PLANNED_SEEDS_FROM } from './draw/planned.ts';
import { drawPushedFaults, drawPushedOptions, PUSHED_SEEDS_FROM } from './draw/pushed.ts';
import type { Fault } from './fault.ts';
import type { Options } from './options.ts';
import { Random } from './random.ts';

export interface Scenario {
  readonly seed: number;
  readonly options: Options;
  /** By time. */
  readonly faults: readonly Fault[];
}

export function drawScenario(seed: number): Scenario {
  const random = new Random(seed);
  if (seed >= PUSHED_SEEDS_FROM) {
    const options = drawPushedOptions(random.fork('options'));
    return { seed, options, faults: drawPushedFaults(random.fork('faults'), options) };
  }
  if (seed >= PLANNED_SEEDS_FROM) {
    const options = drawPlannedOptions(random.fork('options'));
    return { seed, options, faults: drawPlannedFaults(random.fork('faults'), options) };
  }
  if (seed >= IDLE_SEEDS_FROM) {
    const options = drawIdleOptions(random.fork('options'));
    return { seed, options, faults: drawIdleFaults(random.fork('faults'), options) };
  }
  if (seed >= ALONE_SEEDS_FROM) {
    const options = drawAloneOptions(random.fork('options'));
    return { seed, options, faults: drawAloneFaults(random.fork('faults'), options) };
  }
  if (seed >= CUT_SEEDS_FROM) {
    const options = drawCutOptions(random.fork('options'));
    return { seed, options, faults: drawCutFaults(random.fork('faults'), options) };
  }
  const options = drawOptions(random.fork('options'));
  return { seed, options, faults: drawFaults(random.fork('faults'), options) };
}
