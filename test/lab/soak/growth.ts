/**
 * Whether a process grows. Pure.
 *
 * Memory: the least of each half minute, because garbage comes and goes above it; over these a straight line by least
 * squares, with one slope for all processes of a party and a level of its own for each, so that a restart is no growth.
 *
 * @module
 */
import type { Life, Sample } from './sample.ts';

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

export function slopeOf(
  lives: readonly Life[],
  quantity: Quantity,
  warmUpMs: number,
): Slope | null {
  const series = lives
    .map(({ samples }) => floors(samples, quantity, warmUpMs))
    .filter((points) => points.length >= 2);
  const points = series.reduce((total, each) => total + each.length, 0);
  if (points < POINTS_MIN) return null;
  let [sxx, sxy, syy] = [0, 0, 0];
  for (const each of series) {
    const meanX = mean(each.map(({ x }) => x));
    const meanY = mean(each.map(({ y }) => y));
    for (const { x, y } of each) {
      sxx += (x - meanX) ** 2;
      sxy += (x - meanX) * (y - meanY);
      syy += (y - meanY) ** 2;
    }
  }
  const slope = sxy / sxx;
  const freedom = Math.max(1, points - series.length - 1);
  const error = Math.sqrt(Math.max(0, syy - slope * sxy) / freedom / sxx);
  return { mibPerHour: slope, errorMibPerHour: error, points };
}

/** x in hours, y in MiB. */
function floors(samples: readonly Sample[], quantity: Quantity, warmUpMs: number) {
  const startedAtMs = samples[0]?.atMs ?? 0;
  const windows = new Map<number, { x: number; y: number }>();
  for (const sample of samples) {
    const ageMs = sample.atMs - startedAtMs;
    if (ageMs < warmUpMs) continue;
    const window = Math.floor(ageMs / FLOOR_MS);
    const point = { x: sample.atMs / HOUR_MS, y: sample[quantity] / 1_024 };
    const before = windows.get(window);
    if (before === undefined || point.y < before.y) windows.set(window, point);
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
