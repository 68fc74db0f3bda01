/**
 * How long to sleep until a deadline.
 *
 * @module
 */
import type { Clock } from '../hal/clock.ts';

/** For poll(2): milliseconds from now to `deadlineMs`, monotonic; -1 without one. Reads the clock itself: a time read before is past. */
export function waitMs(deadlineMs: number | null, clock: Pick<Clock, 'monotonicMs'>): number {
  return deadlineMs === null ? -1 : Math.max(0, deadlineMs - clock.monotonicMs());
}
