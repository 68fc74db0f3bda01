/**
 * Whether memory is flat under an attack that goes on. Pure.
 *
 * An attack comes in waves of equal size, and each end is measured at rest before the first and after each. The first half
 * warms up: code is compiled, tables fill to their bounds. What the second half adds is growth, and may be no more than
 * what the same measurement says of daemons that nobody attacked, in the same run: three times as far as their own points
 * lie apart, and {@link RESOLUTION} besides.
 *
 * @module
 */

export interface Use {
  /** Left alive by full collections, all heaps of the process. */
  readonly aliveMiB: number;
  /** `RssAnon`. */
  readonly anonymousMiB: number;
}

export interface Point {
  readonly hub: Use;
  readonly agent: Use;
}

/** Before the first wave, then after each. */
export type Series = readonly Point[];

const ENDS = ['hub', 'agent'] as const;
const QUANTITIES = ['aliveMiB', 'anonymousMiB'] as const;
const NAMES = { aliveMiB: 'alive in its heaps', anonymousMiB: 'of anonymous memory' } as const;
/**
 * What cannot be told from nothing. Alive: what words on the stack seem to point at when a collection happens to look.
 * Anonymous: a MiB of garbage between two collections (`memory.ts`) in each of the two heaps of a daemon.
 */
const RESOLUTION: Use = { aliveMiB: 0.25, anonymousMiB: 2 };
const SPREADS = 3;
/** Chosen: 50,000 datagrams make the second half of a flood; 20 bytes kept of each would show. */
const NOISE_MAX: Use = { aliveMiB: 1, anonymousMiB: 8 };

/** What the second half of the waves added; below 0 where it gave back. Null for a series of no two halves. */
export function growthOf(series: Series): Point | null {
  const waves = series.length - 1;
  if (waves < 2 || waves % 2 !== 0) return null;
  const [middle, end] = [series[waves / 2]!, series[waves]!];
  return each((name, quantity) => end[name][quantity] - middle[name][quantity]);
}

/**
 * How much growth is none: from a series without an attack, its first point left out, for a daemon has just started there.
 * Never more than {@link NOISE_MAX}: a measurement that is blind is no excuse.
 */
export function allowedOf(calm: Series): Point {
  const warm = calm.slice(1);
  return each((name, quantity) => {
    const values = warm.map((point) => point[name][quantity]);
    const spread = Math.max(...values) - Math.min(...values);
    return Math.min(NOISE_MAX[quantity], RESOLUTION[quantity] + SPREADS * spread);
  });
}

/** A sentence for each quantity of each end that grew by more than allowed. */
export function growthFaults(series: Series, allowed: Point): string[] {
  const growth = growthOf(series);
  if (growth === null) return ['memory was not measured in two halves'];
  return ENDS.flatMap((name) =>
    QUANTITIES.filter((quantity) => !(growth[name][quantity] <= allowed[name][quantity])).map(
      (quantity) =>
        `the second half added ${growth[name][quantity].toFixed(2)} MiB ${NAMES[quantity]} to the ${name}, ` +
        `${allowed[name][quantity].toFixed(2)} is noise`,
    ),
  );
}

function each(value: (name: keyof Point, quantity: keyof Use) => number): Point {
  const use = (name: keyof Point): Use => ({
    aliveMiB: value(name, 'aliveMiB'),
    anonymousMiB: value(name, 'anonymousMiB'),
  });
  return { hub: use('hub'), agent: use('agent') };
}
