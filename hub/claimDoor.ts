/**
 * Check 0 for claims: how many are judged at all, before the seat sees them.
 *
 * A claim that is known (committed, on its way to the store, or waiting for an objection) is exempt: a
 * lost answer must never lock a device out. Source: docs/protocol.md, "What a hub checks", 0.
 *
 * @module
 */
import { isSameClaim } from '../session/claim.ts';
import type { Seat } from '../session/hub/seat.ts';
import type { Attach, Reattach, Reject } from '../session/wire/frames.ts';
import { seatEvent } from './seatEvent.ts';
import type { Site } from './site.ts';

/** The refusal to send, counted and reported; null: let the seat judge. */
export function turnAway(
  site: Site,
  seat: Seat,
  device: string,
  frame: Attach | Reattach,
  source: string,
  atMs: number,
): Reject | null {
  const { record, swap, pending } = seat;
  const known = [record?.claim, swap?.record.claim, pending?.event.frame.claim];
  if (known.some((claim) => claim !== undefined && isSameClaim(claim, frame.claim))) return null;
  const isNew = frame.type === 'attach' && frame.isNew;
  const retryAfterMs = site.door.claimWaitMs(device, source, isNew, atMs);
  if (retryAfterMs === 0) return null;
  site.counters.count('rate_limited');
  const detail = { source, retryAfterMs };
  site.report(seatEvent(seat, device, 'refusal', 'rate_limited', atMs, detail));
  return {
    type: 'reject',
    claim: frame.claim,
    reasonCode: 'rate_limited',
    isFatal: false,
    retryAfterMs,
    recordedVersion: record?.stateVersion ?? 0,
  };
}
