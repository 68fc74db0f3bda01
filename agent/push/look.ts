/**
 * When to look for a deadline of what was pushed.
 *
 * @module
 */
import type { PushState } from '../../policies/signed/state.ts';

/**
 * Suspended time counts and wakes nobody: a deadline is looked for at least this often (chosen). An emergency may last for days on a
 * device that sleeps for the battery, so that rarely; whoever runs this looks where a sleep may have ended.
 */
const LOOK_MAX_MS = { trial: 60_000, calm: 900_000 } as const;

/** Whole milliseconds from `nowMs` to the next look at `state`, whose deadline this is; null: none is due. */
export function waitForLookMs(
  { trial, retryAtMs }: PushState,
  deadlineMs: number | null,
  nowMs: number,
): number | null {
  if (deadlineMs === null) return null;
  const isCalm = trial === null && retryAtMs === null;
  const mostMs = LOOK_MAX_MS[isCalm ? 'calm' : 'trial'];
  return Math.min(mostMs, Math.max(0, Math.ceil(deadlineMs - nowMs)));
}
