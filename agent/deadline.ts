/**
 * Deadlines that may be missing, and how long to sleep until one.
 *
 * @module
 */
import type { Clock } from '../hal/clock.ts';

/** Of two deadlines; null: there is none. */
export function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

/** For poll(2): milliseconds from now to `deadlineMs`, monotonic; -1 without one. Reads the clock itself: a time read before is past. */
export function waitMs(deadlineMs: number | null, clock: Pick<Clock, 'monotonicMs'>): number {
  return deadlineMs === null ? -1 : Math.max(0, deadlineMs - clock.monotonicMs());
}
