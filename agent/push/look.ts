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
const LOOK_MAX_MS = { trial: 60_000, emergency: 900_000 } as const;

/** Whole milliseconds from `nowMs` to the next look; null: nothing is due. */
export function waitForLookMs(state: PushState, nowMs: number): number | null {
  const atMs = nextPushDeadline(state);
  if (atMs === null) return null;
  const { trial, emergency, retryAtMs } = state;
  const isCalm = emergency !== null && trial === null && retryAtMs === null;
  const mostMs = LOOK_MAX_MS[isCalm ? 'emergency' : 'trial'];
  return Math.min(mostMs, Math.max(0, Math.ceil(atMs - nowMs)));
}
