/**
 * When to look for a deadline of what was pushed.
 *
 * @module
 */
import { nextPushDeadline } from '../../policies/signed/staging.ts';
import type { PushState } from '../../policies/signed/state.ts';

/**
 * Suspended time counts and wakes nobody: a deadline is looked for at least this often (chosen). An emergency may last for days on a
 * device that sleeps for the battery, so that rarely; whoever runs this looks where a sleep may have ended.
 */
const LOOK_MAX_MS = { trial: 60_000, calm: 900_000 } as const;

/**
 * @param laterAtMs when something is due beside the state; infinite: nothing.
 * @returns whole milliseconds from `nowMs` to the next look; null: nothing is due.
 */
export function waitForLookMs(state: PushState, laterAtMs: number, nowMs: number): number | null {
  const atMs = Math.min(nextPushDeadline(state) ?? Number.POSITIVE_INFINITY, laterAtMs);
  if (atMs === Number.POSITIVE_INFINITY) return null;
  const { trial, retryAtMs } = state;
  const isCalm = trial === null && retryAtMs === null;
  const mostMs = LOOK_MAX_MS[isCalm ? 'calm' : 'trial'];
  return Math.min(mostMs, Math.max(0, Math.ceil(atMs - nowMs)));
}
