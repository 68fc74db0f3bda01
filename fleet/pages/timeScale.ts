/**
 * Time along a line: places of moments, ticks at round times, and how fine to ask the server. Pure.
 *
 * @module
 */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export interface TimeScale {
  readonly fromMs: number;
  readonly toMs: number;
  /** Where the line begins and how long it is, in CSS pixels. */
  readonly leftPx: number;
  readonly widthPx: number;
}

/** How far back a reader may look. */
export const SPANS = [
  { id: '1h', words: '1 hour', spanMs: HOUR_MS },
  { id: '6h', words: '6 hours', spanMs: 6 * HOUR_MS },
  { id: '24h', words: '24 hours', spanMs: DAY_MS },
  { id: '7d', words: '7 days', spanMs: 7 * DAY_MS },
  { id: '30d', words: '30 days', spanMs: 30 * DAY_MS },
] as const;
export type SpanId = (typeof SPANS)[number]['id'];

/** The span of an address or form, 24 hours where it names none of ours. */
export function spanOf(id: string | null): (typeof SPANS)[number] {
  return SPANS.find((span) => span.id === id) ?? SPANS[2];
}

const STEPS_MS = [
  ...[1, 5, 15, 30].map((count) => count * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE_MS),
  ...[1, 3, 6, 12].map((count) => count * HOUR_MS),
  ...[1, 2, 7].map((count) => count * DAY_MS),
];

/** The place of a moment; those outside lie at the ends. */
export function placePx({ fromMs, toMs, leftPx, widthPx }: TimeScale, atMs: number): number {
  const share = (atMs - fromMs) / Math.max(1, toMs - fromMs);
  return leftPx + widthPx * Math.min(1, Math.max(0, share));
}

export interface Tick {
  readonly atMs: number;
  readonly xPx: number;
  /** `14:30`, `14:30:15` or `11-29`. */
  readonly text: string;
}

/**
 * At most `countMax` round times of the reader's clock.
 *
 * @param zoneMs how far that clock is ahead of UTC.
 */
export function ticksOf(scale: TimeScale, countMax: number, zoneMs: number): readonly Tick[] {
  const spanMs = scale.toMs - scale.fromMs;
  if (spanMs <= 0 || countMax < 1) return [];
  const stepMs = STEPS_MS.find((step) => spanMs / step <= countMax) ?? spanMs;
  const ticks: Tick[] = [];
  const firstMs = Math.ceil((scale.fromMs + zoneMs) / stepMs) * stepMs - zoneMs;
  for (let atMs = firstMs; atMs <= scale.toMs && ticks.length < countMax; atMs += stepMs) {
    ticks.push({ atMs, xPx: placePx(scale, atMs), text: tickText(atMs + zoneMs, stepMs) });
  }
  return ticks;
}

function tickText(wallMs: number, stepMs: number): string {
  const text = new Date(wallMs).toISOString();
  if (stepMs >= DAY_MS) return text.slice(5, 10);
  return stepMs < MINUTE_MS ? text.slice(11, 19) : text.slice(11, 16);
}

/** How long a step of a series is, so that no chart has more than `pointsMax` points. */
export function stepOf(spanMs: number, pointsMax: number): number {
  return (
    STEPS_MS.find((step) => step >= 15 * SECOND_MS && spanMs / step <= pointsMax) ??
    Math.ceil(spanMs / pointsMax)
  );
}
