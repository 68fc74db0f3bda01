/**
 * Which claim the ends tell each other about, and which of the device's RECEIVED belong to it.
 *
 * What is sent again and when is decided by `session/resend`; here is what only the seat knows: that a claim is
 * committed and its address is the device's, that the address was replaced, and whose data of before is still taken.
 *
 * @module
 */
import { timeoutMs } from '../liveness/rtt.ts';
import type { Received } from '../wire/frames.ts';
import type { DataRoute } from './event.ts';
import { channelOf, EARLIER_MAX, type FrameEvent, isLive, type Seat } from './state.ts';
import type { Turn } from './turn.ts';

type Earlier = Seat['earlier'];

/** The list with the binding that was left now, and without the one that there is. */
export function withEarlier(earlier: Earlier, nowId: number, left: Earlier[number]): Earlier {
  const others = earlier.filter(
    ({ transportId }) => transportId !== nowId && transportId !== left.transportId,
  );
  return [...others, left].slice(-EARLIER_MAX);
}

/**
 * Once for each claim, and once more whenever its binding has another address. A route is there only for an address
 * that proved to be the device's, so nothing is ever sent again to any other.
 */
export function exchangeOver(turn: Turn, { transportId, target }: DataRoute): void {
  const { draft } = turn;
  const { record, exchange: before } = draft;
  if (!isLive(record)) return;
  const { stateVersion } = record.claim;
  const isSameClaim = before?.stateVersion === stateVersion;
  if (isSameClaim && before.target === target) return;
  const round = isSameClaim ? before.round + 1 : 0;
  draft.exchange = { stateVersion, round, target };
  const isPlanned = round === 0 && record.claimPurpose !== 'recovery';
  turn.emit({
    kind: 'exchange',
    exchange: {
      stateVersion,
      round,
      // The device asks with its claim. That its address changed only the hub has seen.
      isAsking: round > 0,
      drainMs: isPlanned ? 0 : null,
      transportId,
      linkKind: record.linkKind,
      timeoutMs: timeoutMs(draft.rtt),
    },
  });
}

/** It counts in the channel of the claim that it came with: the committed one, or one that is worked on. */
export function onReceived(turn: Turn, event: FrameEvent, frame: Received): void {
  if (!isOfBinding(turn.draft, event, frame) && !isOfClaim(turn.draft, event, frame)) {
    return turn.count('received_ignored');
  }
  turn.emit({ kind: 'received', frame });
}

function isOfBinding(seat: Seat, event: FrameEvent, { stateVersion }: Received): boolean {
  const { record, channelId } = seat;
  if (!isLive(record) || channelId !== event.channelId) return false;
  if (channelOf(seat, channelId)?.isProven !== true) return false;
  return record.claim.stateVersion === stateVersion && record.transportId === event.transportId;
}

/** RECEIVED follows its REATTACH, and the store takes a while over that. */
function isOfClaim(seat: Seat, event: FrameEvent, { stateVersion }: Received): boolean {
  const claims = [seat.swap?.claimant?.event, seat.pending?.event, seat.waiting];
  return claims.some(
    (claim) =>
      claim?.frame.claim.stateVersion === stateVersion &&
      claim.channelId === event.channelId &&
      claim.transportId === event.transportId,
  );
}
