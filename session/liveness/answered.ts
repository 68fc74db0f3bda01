/**
 * From when on a transport is known to answer: what tells a link that is back from an endpoint that is gone.
 *
 * @module
 */
import type { Liveness } from './liveness.ts';

/**
 * When the first answer came to a probe that was sent at `sinceMs` or later and answered in time; null: none did.
 *
 * ◆ Not when it was asked: what was asked elsewhere meanwhile may be answered as late as that.
 */
export function answeredFromMs({ outcomes }: Liveness, sinceMs: number): number | null {
  let firstMs: number | null = null;
  for (let at = outcomes.length - 1; at >= 0; at--) {
    const { atMs, rttMs, wasMissed } = outcomes[at]!;
    if (atMs < sinceMs) break;
    if (rttMs !== null && !wasMissed && atMs - rttMs >= sinceMs) firstMs = atMs;
  }
  return firstMs;
}
