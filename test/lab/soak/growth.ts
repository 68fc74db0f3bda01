/**
 * Whether a process grows. Pure.
 *
 * Memory: the least of each half minute, because garbage comes and goes above it; over these a straight line by least
 * squares, with one slope for all processes of a party and a level of its own for each, so that a restart is no growth.
 *
 * @module
 */
import type { Life } from './sample.ts';

export interface Slope {
  readonly mibPerHour: number;
  /** Standard error of the slope, as if the points were independent, which they are only nearly. */
  readonly errorMibPerHour: number;
  readonly points: number;
}

type Quantity = 'anonKib' | 'rssKib';

const FLOOR_MS = 30_000;
const HOUR_MS = 3_600_000;
/** Fewer points than this say nothing. */
const POINTS_MIN = 6;

interface Point {
  readonly atMs: number;
  readonly kib: number;
}

/** Of all processes of a party. */
export function slopeOf(
  lives: readonly Life[],
  quantity: Quantity,
  warmUpMs: number,
): Slope | null {
  return fit(
    lives.map(({ samples }) => {
      const points = samples.map((sample) => ({ atMs: sample.atMs, kib: sample[quantity] }));
      return floors(warm(points, samples[0]?.atMs ?? 0, warmUpMs));
    }),
  );
}

/** Of what is alive in the heap that grows fastest, or null where no heap was fully collected often enough. */
export function aliveSlopeOf(lives: readonly Life[], warmUpMs: number): Slope | null {
  const slopes = lives.flatMap(({ samples, alive }) => {
    const heaps = Map.groupBy(alive, ({ heap }) => heap);
    return [...heaps.values()].flatMap((own) => {
      const points = own.map(({ atMs, aliveKib }) => ({ atMs, kib: aliveKib }));
      return fit([floors(warm(points, samples[0]?.atMs ?? 0, warmUpMs))]) ?? [];
    });
  });
  return slopes.reduce<Slope | null>(
    (most, each) => (most === null || each.mibPerHour > most.mibPerHour ? each : most),
    null,
  );
}

/** One slope for all series, a level of its own for each. */
function fit(all: readonly (readonly Point[])[]): Slope | null {
  const series = all.filter((points) => points.length >= 2);
  const count = series.reduce((total, each) => total + each.length, 0);
  if (count < POINTS_MIN) return null;
  let [sxx, sxy, syy] = [0, 0, 0];
  for (const each of series) {
    const xs = each.map(({ atMs }) => atMs / HOUR_MS);
    const ys = each.map(({ kib }) => kib / 1_024);
    const [meanX, meanY] = [mean(xs), mean(ys)];
    for (const [at, x] of xs.entries()) {
      const y = ys[at]!;
      sxx += (x - meanX) ** 2;
      sxy += (x - meanX) * (y - meanY);
      syy += (y - meanY) ** 2;
    }
  }
  const slope = sxy / sxx;
  const freedom = Math.max(1, count - series.length - 1);
  const error = Math.sqrt(Math.max(0, syy - slope * sxy) / freedom / sxx);
  return { mibPerHour: slope, errorMibPerHour: error, points: count };
}

const warm = (points: readonly Point[], startedAtMs: number, warmUpMs: number) =>
  points.filter(({ atMs }) => atMs - startedAtMs >= warmUpMs);

/** The least of each half minute. */
function floors(points: readonly Point[]): readonly Point[] {
  const windows = new Map<number, Point>();
  for (const point of points) {
    const window = Math.floor(point.atMs / FLOOR_MS);
    const before = windows.get(window);
    if (before === undefined || point.kib < before.kib) windows.set(window, point);
  }
  return [...windows.values()];
}

/**
 * How much more of `quantity` there always was in the last third of a life than ever in its first, warm-up left out; 0 or
 * less for no growth. Null for a life too short to tell.
 */
export function growthOf(
  { samples }: Life,
  quantity: 'descriptors' | 'threads',
  warmUpMs: number,
): number | null {
  const startedAtMs = samples[0]?.atMs ?? 0;
  const warm = samples.filter(({ atMs }) => atMs - startedAtMs >= warmUpMs);
  const third = Math.floor(warm.length / 3);
  if (third < 3) return null;
  const values = warm.map((sample) => sample[quantity]);
  return Math.min(...values.slice(-third)) - Math.max(...values.slice(0, third));
}

const mean = (values: readonly number[]) =>
  values.reduce((total, value) => total + value, 0) / values.length;
