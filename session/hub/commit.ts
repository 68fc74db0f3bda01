/**
 * A claim goes to the store, and what follows when the record holds it.
 *
 * One swap carries binding, claim, version, owner and keys; a new session ends the old one in the same
 * swap, so that there is no moment with two. From the moment the hub learns of the commit it sends
 * data on the new binding only, the answer first.
 *
 * @module
 */
import { assert } from '../assert.ts';
import type { DataCipher } from '../wire/frames.ts';
import { withValidated } from './address.ts';
import { answerTo } from './answer.ts';
import { restartChallenge } from './challenge.ts';
import { CONFLICT_REFUSAL_MS } from './claims.ts';
import { MINUTE_MS } from './deadline.ts';
import { carryOn, recoveryMs } from './heard.ts';
import { isOpening, isStay, purposeOf } from './judge.ts';
import { keysOf } from './keys.ts';
import type { SeatConfig } from './limits.ts';
import type { SessionRecord } from './record.ts';
import { withEarlier } from './resend.ts';
import { isMemory, isPredecessorSelf } from './shown.ts';
import { type ClaimEvent, channelOf, isLive, type Seat, type Shown, type Swap } from './state.ts';
import { startSwap } from './swap.ts';
import { isTokenOf, placeBinding } from './trial.ts';
import { type Turn, targetOf } from './turn.ts';

export function sendCommit(turn: Turn, event: ClaimEvent, shown: Shown | null): void {
  const { draft } = turn;
  const record = recordOf(draft, event, shown, turn.config);
  if (isStay(draft.record, event)) draft.stayedAtMs = draft.nowMs;
  else draft.claimedAtMs = [...recent(draft.claimedAtMs, draft.nowMs), draft.nowMs];
  draft.lastClaimAtMs = draft.nowMs;
  startSwap(turn, 'commit', record, { event, shown, heardMs: heardMsOf(draft, event, shown) });
}

/**
 * How long the binding that this claim replaces has been silent here; null: it replaces none that we served. Since its
 * start a hub without a bound channel has heard nobody, and how long it has run says nothing of the binding. Whom the
 * original displaces is a copy, and the binding was that one's.
 */
function heardMsOf(
  { record, isOwner, state, channelId, heardAtMs, nowMs }: Seat,
  event: ClaimEvent,
  shown: Shown | null,
): number | null {
  if (shown === 'predecessor') return null;
  const isServed =
    isOwner && channelId !== null && (state === 'ATTACHED' || state === 'RECOVERING');
  if (!isServed || record === null || isOpening(record, event)) return null;
  const isSame = record.transportId === event.frame.claim.transportId;
  return isSame ? null : Math.max(0, Math.round(nowMs - heardAtMs));
}

const recent = (atMs: readonly number[], nowMs: number) =>
  atMs.filter((at) => at > nowMs - MINUTE_MS);

function recordOf(
  seat: Seat,
  event: ClaimEvent,
  shown: Shown | null,
  config: SeatConfig,
): SessionRecord {
  const { record, nowMs } = seat;
  const { frame } = event;
  const { claim, linkKind, linkName } = frame;
  const isNew = isOpening(record, event);
  const former = isNew ? null : record;
  const switchedAtMs = recent(former?.switchedAtMs ?? [], nowMs);
  const isSwitch = former !== null && former.transportId !== claim.transportId;
  return {
    device: config.device,
    revision: (record?.revision ?? 0) + 1,
    sessionId: claim.sessionId,
    previousSessionId: isNew ? previousOf(record, event) : (record?.previousSessionId ?? null),
    terminated: null,
    stateVersion: claim.stateVersion,
    claim,
    claimKind: frame.type,
    claimPurpose: purposeOf(event),
    transportId: claim.transportId,
    linkKind,
    linkName,
    owner: config.hubId,
    ownerEpoch: record === null ? 1 : record.ownerEpoch,
    // One for the end of the session that this one replaces, one for the commit.
    hubSeq: seat.hubSeq + (isNew && isLive(record) ? 2 : 1),
    ...keysOf(seat, event, shown, config),
    inner4: config.inner4,
    inner6: config.inner6,
    cipher: cipherOf(event, former, config),
    createdAtMs: former?.createdAtMs ?? nowMs,
    transportlessSinceMs: isNew ? null : seat.transportlessSinceMs,
    recoveringSinceMs: null,
    switchedAtMs: isSwitch ? [...switchedAtMs, nowMs] : switchedAtMs,
  };
}

function previousOf(record: SessionRecord | null, { frame }: ClaimEvent): string | null {
  return record?.sessionId ?? (frame.type === 'attach' ? frame.previousSessionId : null);
}

/**
 * The device's preference among what the hub accepts: it offers what it has measured to be fast, and a
 * gateway is the weaker end. ChaCha20-Poly1305 is what everybody has.
 */
function cipherOf(
  { frame }: ClaimEvent,
  former: SessionRecord | null,
  { ciphers }: SeatConfig,
): DataCipher {
  if (frame.type === 'reattach') {
    assert(former !== null, 'a REATTACH is of a session on record');
    return former.cipher;
  }
  return frame.ciphers.find((cipher) => ciphers.includes(cipher)) ?? 'chacha20-poly1305';
}

/** The record holds the claim: this is the hub's moment of the switch. */
export function onCommitted(turn: Turn, swap: Swap): void {
  const { draft, config } = turn;
  assert(swap.claimant !== null, 'a commit has a claimant');
  const { event, shown, heardMs } = swap.claimant;
  const before = draft.record;
  const wasProven = channelOf(draft, event.channelId)?.isProven === true;
  const isNew = isOpening(before, event);
  if (isNew && isLive(before)) {
    turn.move('operator_terminated', 'superseded_by_new_session', { by: swap.record.sessionId });
  }
  draft.record = swap.record;
  reportCommit(turn, before, event, shown, isNew);
  const { transportId } = swap.record;
  const hasMoved = before !== null && !isNew && before.transportId !== transportId;
  if (isNew) draft.earlier = [];
  else if (hasMoved) {
    const untilMs = draft.nowMs + config.limits.resendMaxAgeMs;
    draft.earlier = withEarlier(draft.earlier, transportId, {
      transportId: before.transportId,
      untilMs,
    });
    draft.rtt = null;
  }
  displace(turn, before, event, shown, wasProven);
  if (isNew) draft.transportlessSinceMs = null;
  carryOn(turn);
  draft.mtuBytes = event.frame.mtuBytes;
  draft.noticeMs = event.frame.noticeMs;
  draft.isConfirmed = shown === 'memoryKey' && event.frame.type === 'reattach';
  const outlived = draft.ending?.trigger;
  if (outlived === 'recovery_window_exceeded' || outlived === 'transport_ttl_expired') {
    draft.ending = null;
  }

  if (isTokenOf(config, event, draft.nowMs)) {
    draft.addresses = withValidated(draft.addresses, event.source, draft.nowMs);
  }
  draft.answer = answerTo(swap.record, draft.hubSeq, config, heardMs);
  // A channel that is gone by now gets its answer with the next repeat.
  if (channelOf(draft, event.channelId) === null) {
    draft.channelId = null;
    draft.source = null;
    draft.trial = null;
    return;
  }
  turn.change(event.channelId, { isProven: true });
  draft.channelId = event.channelId;
  turn.send(targetOf(event), draft.answer);
  placeBinding(turn, event);
  restartChallenge(draft);
}

/** One claim event always; a transition if our view changed; a switch if the transport did. */
function reportCommit(
  turn: Turn,
  before: SessionRecord | null,
  event: ClaimEvent,
  shown: Shown | null,
  isNew: boolean,
): void {
  const { draft } = turn;
  const { claim, type, reasonCode } = event.frame;
  const { transportId } = claim;
  const purpose = purposeOf(event);
  const isSame = before?.transportId === transportId;
  if (isNew) {
    draft.state = 'BIRTH';
    turn.move('attach_accepted', 'attach_accepted', {
      transportId,
      previousSessionId: draft.record?.previousSessionId ?? null,
    });
  } else if (draft.state === 'RECOVERING') {
    const again = isSame ? 'reattach_same_transport' : 'reattach_accepted';
    turn.move('reattach_accepted', type === 'attach' ? 'session_resumed' : again, {
      transportId,
      recoveryMs: recoveryMs(turn),
    });
  } else draft.hubSeq += 1;
  turn.report('claim', 'claim_committed', {
    transportId,
    kind: type,
    purpose,
    claimReason: reasonCode,
    shown,
  });
  if (!isNew && !isSame) {
    const fromTransportId = before?.transportId ?? null;
    turn.report('switch', 'switch_committed', { transportId, fromTransportId, purpose });
  }
}

/**
 * The channels of the process before. A restarted device's old channel is dead and just forgotten; it
 * might also be an original's whose session a copy resumes, so nothing is held against it. ◆ Channels
 * that lose to the predecessor's memory key are the copy's: they are told, and refused.
 */
function displace(
  turn: Turn,
  before: SessionRecord | null,
  event: ClaimEvent,
  shown: Shown | null,
  wasProven: boolean,
): void {
  const { draft } = turn;
  const isOwnKey = shown === 'memoryKey' || (before !== null && isPredecessorSelf(before));
  if (wasProven || (isOwnKey && isMemory(shown))) return;
  const isConflict = shown === 'predecessor';
  for (const { channelId, isProven } of draft.channels) {
    if (!isProven || channelId === event.channelId) continue;
    if (isConflict && before !== null) tell(turn, channelId, before);
    turn.emit({
      kind: 'dropChannel',
      channelId,
      refuseForMs: isConflict ? CONFLICT_REFUSAL_MS : 0,
    });
    draft.channels = draft.channels.filter((channel) => channel.channelId !== channelId);
  }
  draft.earlier = [];
  draft.pending = null;
  if (isConflict) turn.report('alarm', 'identity_conflict', { displacedSource: draft.source });
}

function tell(turn: Turn, channelId: number, before: SessionRecord): void {
  const { draft } = turn;
  if (draft.source === null || channelId !== draft.channelId) return;
  const { sessionId, stateVersion, transportId } = before;
  turn.send(
    { channelId, transportId, target: draft.source },
    { type: 'terminate', sessionId, reasonCode: 'identity_conflict', stateVersion },
  );
}
