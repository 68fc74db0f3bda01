/**
 * A device's time as lanes: one for each state, one for each kind of mark. Pure.
 *
 * A lane has its name beside it, so that colour only repeats what the place says. However often a device flapped, there
 * are never more shapes than pixels: what would lie on each other is one shape that says how many it stands for.
 *
 * @module
 */
import type { Band, Mark } from './answers.ts';
import { placePx, type TimeScale } from './timeScale.ts';

export interface Rectangle {
  readonly state: string;
  readonly xPx: number;
  readonly widthPx: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** Bands drawn as this one. */
  readonly count: number;
}

/** Narrower would not be seen. */
const WIDTH_MIN_PX = 2;

/** Marks of one kind closer than this are one. */
const MARK_APART_PX = 9;

/** The bands within the scale, those of a state that would touch within a pixel joined. */
export function rectanglesOf(bands: readonly Band[], scale: TimeScale): readonly Rectangle[] {
  const newest = new Map<string, number>();
  const drawn: Rectangle[] = [];
  for (const band of [...bands].sort((a, b) => a.from_ms - b.from_ms)) {
    if (band.state === null || band.to_ms <= scale.fromMs || band.from_ms >= scale.toMs) continue;
    const next = rectangleOf({ ...band, state: band.state }, scale);
    const at = newest.get(band.state);
    const before = at === undefined ? undefined : drawn[at];
    if (at !== undefined && before && next.xPx - (before.xPx + before.widthPx) < 1) {
      drawn[at] = joined(before, next);
    } else {
      newest.set(band.state, drawn.length);
      drawn.push(next);
    }
  }
  return drawn;
}

function rectangleOf(band: Band & { readonly state: string }, scale: TimeScale): Rectangle {
  const xPx = placePx(scale, band.from_ms);
  const widthPx = Math.max(WIDTH_MIN_PX, placePx(scale, band.to_ms) - xPx);
  // At the right end a sliver would stick out.
  const leftPx = Math.min(xPx, scale.leftPx + scale.widthPx - widthPx);
  return {
    state: band.state,
    xPx: leftPx,
    widthPx,
    fromMs: band.from_ms,
    toMs: band.to_ms,
    count: 1,
  };
}

function joined(before: Rectangle, next: Rectangle): Rectangle {
  const endPx = Math.max(before.xPx + before.widthPx, next.xPx + next.widthPx);
  return {
    ...before,
    widthPx: endPx - before.xPx,
    toMs: Math.max(before.toMs, next.toMs),
    count: before.count + next.count,
  };
}

export interface Pin {
  readonly kind: string;
  readonly xPx: number;
  /** The first of them. */
  readonly mark: Mark;
  readonly count: number;
}

/** The marks within the scale, those of a kind that would lie on each other as one. */
export function pinsOf(marks: readonly Mark[], scale: TimeScale): readonly Pin[] {
  const newest = new Map<string, number>();
  const pins: Pin[] = [];
  for (const mark of [...marks].sort((a, b) => a.at_ms - b.at_ms)) {
    if (mark.at_ms < scale.fromMs || mark.at_ms > scale.toMs) continue;
    const xPx = placePx(scale, mark.at_ms);
    const at = newest.get(mark.kind);
    const before = at === undefined ? undefined : pins[at];
    if (at !== undefined && before && xPx - before.xPx < MARK_APART_PX) {
      pins[at] = { ...before, count: before.count + (mark.count ?? 1) };
    } else {
      newest.set(mark.kind, pins.length);
      pins.push({ kind: mark.kind, xPx, mark, count: mark.count ?? 1 });
    }
  }
  return pins;
}

/** Time in each state within the range, the longest first; `null` is time of which nothing is known. */
export function timesOf(
  bands: readonly Band[],
  range: { readonly fromMs: number; readonly toMs: number },
): readonly { readonly state: string | null; readonly ms: number; readonly bands: number }[] {
  const times = new Map<string | null, { ms: number; bands: number }>();
  for (const { state, from_ms, to_ms } of bands) {
    const ms = Math.min(to_ms, range.toMs) - Math.max(from_ms, range.fromMs);
    if (ms <= 0) continue;
    const before = times.get(state) ?? { ms: 0, bands: 0 };
    times.set(state, { ms: before.ms + ms, bands: before.bands + 1 });
  }
  return Array.from(times, ([state, time]) => ({ state, ...time })).sort((a, b) => b.ms - a.ms);
}
