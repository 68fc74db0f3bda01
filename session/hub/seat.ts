/**
 * The hub's side of one device: event in, effects out.
 *
 * No sockets, clocks, timers, randomness or logging in this folder. The shell (`hub/tunnel.ts`) or the
 * simulator turns reality into events, runs the returned effects in order, never awaits them, and
 * calls back with a `tick` at {@link nextDeadline}. After an InvariantError nothing of a seat may be
 * used.
 *
 * Source: docs/protocol.md. The claim, restart, clone and outcome rules are those of the explicit-state
 * model that is described there; each ◆ rule has a test of that name in test/unit/session/hub.
 *
 * @module
 */
import { assert, unreachable } from '../assert.ts';
import type { State } from '../transitions.ts';
import { withReceived } from './address.ts';
import { onPendingDue, passChallenge } from './challenge.ts';
import { forgetChannel, onChannelUp } from './channels.ts';
import { check } from './check.ts';
import { onClaim } from './claims.ts';
import { deadlineOf, isOwnershipDue, provenAtMs, silenceAtMs } from './deadline.ts';
import { beginEnd, hubEnding, onBoundsDue, onTerminate, sendEnd } from './ending.ts';
import type { SeatEffect, SeatEvent } from './event.ts';
import { loseBinding, onArrival, onData, onDuplicate, onProven } from './heard.ts';
import type { SeatConfig } from './limits.ts';
import { onMtu } from './mtu.ts';
import { tellOutputs } from './outputs.ts';
import type { SessionRecord } from './record.ts';
import { onProbe, onRepeatedResponse, onResponse, onRotate } from './replies.ts';
import { onReceived } from './resend.ts';
import { channelOf, type FrameEvent, isLive, type Seat } from './state.ts';
import { onSwapDue, onSwapped, ownedRecord, startSwap, syncView } from './swap.ts';
import { isUnread, onOwner, onRelease } from './takeover.ts';
import { onTrialDue } from './trial.ts';
import { Turn } from './turn.ts';

export type { Seat } from './state.ts';
export { type SeatStatus, status } from './status.ts';

/**
 * What the process before reported and had not yet written: each move takes a number, and is told before its
 * swap is durable. Chosen: a store that is silent for an hour costs fewer.
 */
const RESTART_GAP = 1_000;

/**
 * Where hub_seq goes on after a restart. A process that dies before its epoch is in the store leaves the record as
 * it was, but it told its one move; so the age of the session is added, which grew by more than one millisecond
 * until the next process started. A clock behind that of the hub which opened the session adds nothing.
 */
function hubSeqAfter({ hubSeq, createdAtMs }: SessionRecord, atMs: number): number {
  return hubSeq + RESTART_GAP + Math.max(0, Math.floor(atMs - createdAtMs));
}

export interface SeatStep {
  readonly seat: Seat;
  readonly effects: readonly SeatEffect[];
}

/**
 * A seat for a device whose record is `record`, null if the store has none.
 *
 * With a record this is a restart: deadlines go on, the view is RECOVERING until the binding is heard,
 * and the first step (the deadline is at once) puts a new owner epoch into the record. A record of
 * another owner stays that hub's until an `owner` event says that its lease has ended. Where hubs share
 * the store, all this waits for a `lease` event.
 */
export function newSeat(record: SessionRecord | null, atMs: number, config: SeatConfig): Seat {
  const live = isLive(record);
  const seat: Seat = {
    nowMs: atMs,
    record,
    isOwner: record === null,
    isLeaseValid: config.isLeased !== true && (record === null || record.owner === config.hubId),
    term: 0,
    endedOwner: null,
    askedAtMs: null,
    isRestarted: record !== null,
    state: stateOf(record),
    hubSeq: record === null ? 0 : hubSeqAfter(record, atMs),
    recoveringSinceMs: live ? record.recoveringSinceMs : null,
    transportlessSinceMs: live ? record.transportlessSinceMs : null,
    carryingSinceMs: null,
    heardAtMs: atMs,
    endToldAtMs: null,
    channels: [],
    channelId: null,
    source: null,
    isSourceValidated: false,
    earlier: [],
    exchange: null,
    addresses: [],
    swap: null,
    waiting: null,
    pending: null,
    trial: null,
    ending: null,
    claimedAtMs: [],
    stayedAtMs: null,
    lastClaimAtMs: null,
    lastChallengeAtMs: null,
    trialBeganAtMs: null,
    answer: null,
    isConfirmed: false,
    rtt: null,
    derived: 0,
    mtuBytes: null,
    noticeMs: null,
    route: null,
    accept: [],
    counters: {},
    deadlineAtMs: null,
  };
  return { ...seat, deadlineAtMs: deadlineOf(seat, config) };
}

function stateOf(record: SessionRecord | null): State | null {
  if (record === null) return null;
  if (record.terminated !== null) return 'TERMINATED';
  return record.recoveringSinceMs === null ? 'ATTACHED' : 'RECOVERING';
}

/** Advance by one event. Same inputs, same output, always. */
export function step(before: Seat, event: SeatEvent, config: SeatConfig): SeatStep {
  assert(event.atMs >= before.nowMs, 'time does not run backwards');
  const turn = new Turn(before, event.atMs, config);
  rise(turn);
  dispatch(turn, event);
  goOn(turn);
  tellOutputs(turn);
  const deadlineAtMs = deadlineOf(turn.draft, config);
  const seat: Seat = { ...turn.draft, deadlineAtMs };
  check(before, seat, event, turn.effects, config);
  if (event.kind === 'tick') {
    const isSpent = deadlineAtMs === null || deadlineAtMs > event.atMs;
    assert(isSpent, 'a tick uses up every deadline that is due');
  }
  return { seat, effects: turn.effects };
}

/** When the shell must call back with a `tick`, or null if only the outside world can move us. */
export function nextDeadline(seat: Seat): number | null {
  return seat.deadlineAtMs;
}

/** Back from a restart: the deadlines go on, and the binding has to be heard again. */
function rise(turn: Turn): void {
  const { draft, config } = turn;
  if (!draft.isRestarted || !draft.isLeaseValid) return;
  draft.isRestarted = false;
  turn.report('notice', 'hub_restarted');
  const reasonCode = draft.record?.owner === config.hubId ? 'hub_restarted' : 'binding_lost';
  if (draft.state === 'ATTACHED') loseBinding(turn, reasonCode);
}

function dispatch(turn: Turn, event: SeatEvent): void {
  switch (event.kind) {
    case 'channelUp':
      return onChannelUp(turn, event);
    case 'channelGone':
      return forgetChannel(turn, event.channelId);
    case 'frame':
      return onFrame(turn, event);
    case 'data':
      return onData(turn, event);
    case 'duplicate':
      if (event.response !== undefined) onRepeatedResponse(turn, event, event.response);
      return onDuplicate(turn, event);
    case 'swapped':
      return onSwapped(turn, event);
    case 'operatorTerminate':
      return beginEnd(turn, hubEnding('operator_terminated', event.reasonCode));
    case 'lease':
      return onLease(turn, event.isValid);
    case 'owner':
      return onOwner(turn, event);
    case 'release':
      return onRelease(turn, event);
    case 'tick':
      return onTick(turn);
    default:
      return unreachable(event);
  }
}

function onFrame(turn: Turn, event: FrameEvent): void {
  const { draft } = turn;
  if (channelOf(draft, event.channelId) === null) return turn.count('channel_unknown');
  draft.addresses = withReceived(draft.addresses, event.source, event.bytes, draft.nowMs);
  const { frame } = event;
  switch (frame.type) {
    // A claim proves nothing about the binding until it is judged.
    case 'attach':
    case 'reattach':
      return onClaim(turn, { ...event, frame });
    case 'rotate':
      return onRotate(turn, event, frame);
    case 'terminate':
      return onTerminate(turn, event, frame);
    case 'response':
      onResponse(turn, event, frame);
      break;
    case 'probe':
      if (event.isNewest) onArrival(turn, event);
      return onProbe(turn, event, frame);
    case 'mtu':
      onMtu(turn, event, frame);
      break;
    case 'received':
      onReceived(turn, event, frame);
      break;
    default:
      return turn.count('unknown_frame');
  }
  if (event.isNewest) onArrival(turn, event);
}

/** A lease that ends stops everything at once; one that comes back has to be proven by a new epoch. */
function onLease({ draft }: Turn, isValid: boolean): void {
  if (isValid === draft.isLeaseValid) return;
  draft.isLeaseValid = isValid;
  if (!isValid) draft.term += 1;
  draft.waiting = null;
  draft.isOwner = draft.record === null;
  draft.pending = null;
  draft.trial = null;
}

function onTick(turn: Turn): void {
  const { draft, config } = turn;
  onSwapDue(turn);
  if (draft.isOwner && draft.isLeaseValid && draft.ending === null) {
    onBoundsDue(turn);
    const isDue = (atMs: number | null) => atMs !== null && atMs <= draft.nowMs;
    if (draft.ending === null && isDue(silenceAtMs(draft, config))) {
      loseBinding(turn, 'hub_silence');
      // A claim that was committed late may have carried beyond what the transport TTL had left.
      onBoundsDue(turn);
    }
    if (draft.ending === null && isDue(provenAtMs(draft))) onProven(turn);
  }
  onPendingDue(turn);
  onTrialDue(turn);
}

/** Whatever has waited for the store, in order of consequence; at most one swap comes of it. */
function goOn(turn: Turn): void {
  const { draft, config } = turn;
  if (isOwnershipDue(draft, config) && draft.record !== null) {
    return startSwap(turn, 'own', ownedRecord(turn, draft.record));
  }
  if (draft.swap !== null || !draft.isOwner) return;
  if (draft.ending !== null && isLive(draft.record)) {
    return sendEnd(turn, draft.record, draft.ending);
  }
  const { waiting, pending } = draft;
  if (waiting !== null && pending === null && !isUnread(draft, config)) {
    draft.waiting = null;
    onClaim(turn, waiting);
  } else if (pending?.isAsked === true && pending.deadlineAtMs <= draft.nowMs) passChallenge(turn);
  syncView(turn);
}
