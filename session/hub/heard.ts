/**
 * The binding is heard, or it falls silent: the hub's own view of the session, and its hub_seq.
 *
 * @module
 */
import type { ReasonCode } from '../reasons.ts';
import { withReceived } from './address.ts';
import { tellEnd } from './ending.ts';
import type { SeatEvent } from './event.ts';
import type { SessionRecord } from './record.ts';
import { channelOf, isLive, type Seat } from './state.ts';
import { type Arrival, suspect } from './trial.ts';
import { type Turn, targetOf } from './turn.ts';

/** For so long after a claim the source of a duplicate counts: the copy may have been the faster one. */
const DUPLICATE_COUNTS_MS = 1_000;
/** However much it sends (chosen). */
const TELL_END_EVERY_MS = 1_000;
/** IPv4, UDP, our own header and tag: no authentic datagram is smaller. */
const DATAGRAM_BYTES_MIN = 60;

/** Whether what we think of the binding may change now: it is ours, and no outcome is in doubt. */
export function isSettled(seat: Seat): boolean {
  const inDoubt = seat.swap?.isUnknown === true && seat.swap.kind !== 'view';
  return (
    isLive(seat.record) && seat.isOwner && seat.isLeaseValid && seat.ending === null && !inDoubt
  );
}

/**
 * Something authentic and newest arrived on a proven channel.
 *
 * ◆ A hub that went to RECOVERING alone comes back by this, without a claim: else both ends would
 * wait for each other.
 */
export function onArrival(turn: Turn, arrival: Arrival): void {
  const { draft } = turn;
  if (channelOf(draft, arrival.channelId)?.isProven !== true) return;
  if (draft.record?.transportId !== arrival.transportId || !isSettled(draft)) return;
  heard(turn);
  suspect(turn, arrival);
}

/** How long the recovery took, null without one. Hub time: the hub before may have counted further than our clock. */
export function recoveryMs({ draft }: Turn): number | null {
  const { nowMs, recoveringSinceMs } = draft;
  return recoveringSinceMs === null ? null : Math.max(0, nowMs - recoveringSinceMs);
}

/** Callers have made sure that nothing is in doubt. */
export function heard(turn: Turn): void {
  const { draft } = turn;
  draft.heardAtMs = draft.nowMs;
  if (draft.state !== 'RECOVERING') return;
  turn.move('reattach_accepted', 'device_heard_again', {
    transportId: draft.record?.transportId ?? null,
    recoveryMs: recoveryMs(turn),
  });
  carryOn(turn);
}

export function onData(turn: Turn, event: Extract<SeatEvent, { kind: 'data' }>): void {
  const { draft } = turn;
  if (channelOf(draft, event.channelId)?.isProven !== true) return turn.count('data_unattached');
  // Data is sent only after ATTACHED arrived, so its keys are in use.
  if (event.channelId === draft.channelId) draft.isConfirmed = true;
  credit(turn, event);
  const { record } = draft;
  if (record?.terminated != null) return tellEndAgain(turn, event, record, record.terminated);
  if (event.isNewest) onArrival(turn, event);
}

/**
 * ◆ Who still speaks in an ended session has not been told: an idle, metered device asks too rarely to find out by itself.
 */
function tellEndAgain(
  turn: Turn,
  event: Arrival,
  record: SessionRecord,
  terminated: ReasonCode,
): void {
  const { nowMs, endToldAtMs } = turn.draft;
  if (endToldAtMs !== null && nowMs - endToldAtMs < TELL_END_EVERY_MS) return;
  turn.count('end_told_again');
  tellEnd(turn, targetOf(event), record, terminated);
}

/** A packet whose size the shell does not tell pays for a challenge to where it came from. */
function credit({ draft }: Turn, { source }: Arrival): void {
  if (source === draft.source && draft.isSourceValidated) return;
  draft.addresses = withReceived(draft.addresses, source, DATAGRAM_BYTES_MIN, draft.nowMs);
}

/** Whether somebody is asked where they are, or has just claimed: a copy may have been the faster one. */
export function doDuplicatesCount(seat: Seat, atMs: number): boolean {
  const { lastClaimAtMs, trial, pending } = seat;
  const isFresh = lastClaimAtMs !== null && atMs - lastClaimAtMs <= DUPLICATE_COUNTS_MS;
  return trial !== null || pending !== null || isFresh;
}

/** Dropped by the shell; its source still tells where somebody sends from. */
export function onDuplicate(turn: Turn, event: Extract<SeatEvent, { kind: 'duplicate' }>): void {
  const { draft } = turn;
  if (channelOf(draft, event.channelId)?.isProven !== true) return;
  if (draft.record?.transportId !== event.transportId || !isSettled(draft)) return;
  if (!doDuplicatesCount(draft, draft.nowMs)) return;
  credit(turn, event);
  suspect(turn, event);
}

/** There is a binding again. The transport TTL runs on until it has carried for ten seconds. */
export function carryOn(turn: Turn): void {
  const { draft } = turn;
  draft.recoveringSinceMs = null;
  draft.carryingSinceMs = draft.nowMs;
  draft.heardAtMs = draft.nowMs;
}

/** The binding is silent, or nobody knows: hold the data and let the deadlines run. */
export function loseBinding(turn: Turn, reasonCode: ReasonCode): void {
  const { draft } = turn;
  const silentMs = draft.nowMs - draft.heardAtMs;
  const { transportId } = draft.record ?? { transportId: null };
  if (!turn.move('transport_dead', reasonCode, { transportId, silentMs })) return;
  const { transportlessSinceMs, carryingSinceMs, nowMs } = draft;
  draft.recoveringSinceMs = nowMs;
  // What it carried in between does not count as time without a binding.
  const carriedMs = nowMs - (carryingSinceMs ?? nowMs);
  draft.transportlessSinceMs =
    transportlessSinceMs === null ? nowMs : transportlessSinceMs + carriedMs;
  draft.carryingSinceMs = null;
}

/** ◆ Only a binding that carried for ten seconds ends the time without a proven one. */
export function onProven(turn: Turn): void {
  turn.draft.transportlessSinceMs = null;
}
