/**
 * A claim arrives: it is judged, refused, answered again, put to the old binding, or sent to the store.
 *
 * One claim is worked on at a time. Of those that come meanwhile the newest waits, for devices repeat
 * their claims until they are answered.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { CLAIMED_VERSION_MAX, isSameClaim } from '../claim.ts';
import { REASONS, type ReasonCode } from '../reasons.ts';
import { isValidated, withValidated } from './address.ts';
import { answerTo } from './answer.ts';
import { beginChallenge, needsChallenge } from './challenge.ts';
import { sendCommit } from './commit.ts';
import type { ChannelId } from './event.ts';
import { heard } from './heard.ts';
import { judge, purposeOf } from './judge.ts';
import type { SessionRecord } from './record.ts';
import { type ClaimEvent, channelOf, type Seat } from './state.ts';
import { holdForOwner, isUnread } from './takeover.ts';
import { isTokenOf, placeBinding, suspect } from './trial.ts';
import { type Turn, targetOf } from './turn.ts';

/** ◆ How long a channel that lost an identity conflict stays refused. */
export const CONFLICT_REFUSAL_MS = 600_000;
const STORE_RETRY_MS = 1_000;
const OWNER_RETRY_MS = 1_000;

export function onClaim(turn: Turn, event: ClaimEvent): void {
  const { draft, config } = turn;
  if (channelOf(draft, event.channelId) === null) return turn.count('channel_unknown');
  if (event.frame.claim.stateVersion > CLAIMED_VERSION_MAX) {
    return turn.count('version_out_of_range');
  }
  const isForeign = draft.record !== null && draft.record.owner !== config.hubId && !draft.isOwner;
  if (isForeign && config.isLeased !== true) {
    return refuse(turn, event, 'ownership_conflict', OWNER_RETRY_MS);
  }
  if (!draft.isLeaseValid) return turn.count('lease_invalid');
  if ((isForeign || isUnread(draft, config)) && draft.swap === null) {
    return holdForOwner(turn, event);
  }
  if (draft.swap !== null || !draft.isOwner || draft.ending !== null) return wait(turn, event);
  decide(turn, event, false);
}

/** ◆ While an outcome is unknown nobody else is served, and the claim in question is not answered. */
function wait(turn: Turn, event: ClaimEvent): void {
  const { draft } = turn;
  const { swap } = draft;
  const claimant = swap?.claimant ?? null;
  if (
    swap !== null &&
    claimant !== null &&
    isSameClaim(claimant.event.frame.claim, event.frame.claim)
  ) {
    // ◆ Keys may have rotated under it, and in those before the device takes no answer any more.
    const isProven = channelOf(draft, event.channelId)?.isProven === true;
    if (isProven && !isLeft(draft.channels, event.channelId, draft.channelId))
      draft.swap = { ...swap, claimant: { ...claimant, event } };
    return turn.count('claim_repeated');
  }
  if (swap?.isUnknown === true) return refuse(turn, event, 'store_unavailable', STORE_RETRY_MS);
  draft.waiting = event;
}

/** Judge and act. `isChallenged`: the old binding was asked and did not object. */
export function decide(turn: Turn, event: ClaimEvent, isChallenged: boolean): void {
  const { draft } = turn;
  const verdict = judge(draft, event, turn.config);
  if (verdict.kind === 'refuse') {
    return refuse(turn, event, verdict.reasonCode, verdict.retryAfterMs);
  }
  if (verdict.kind === 'repeat') return answerAgain(turn, event, verdict.record);
  if (!isChallenged && needsChallenge(draft, event, verdict.shown)) {
    if (draft.pending === null) return beginChallenge(turn, event);
    const isPending = isSameClaim(draft.pending.event.frame.claim, event.frame.claim);
    if (isPending) draft.pending = { ...draft.pending, event };
    else draft.waiting = event;
    return;
  }
  sendCommit(turn, event, verdict.shown);
}

export function refuse(
  turn: Turn,
  event: ClaimEvent,
  reasonCode: ReasonCode,
  retryAfterMs: number,
): void {
  const { draft } = turn;
  const { claim } = event.frame;
  const isFatal = REASONS[reasonCode].fatal;
  const isProven = channelOf(draft, event.channelId)?.isProven === true;
  turn.send(targetOf(event), {
    type: 'reject',
    claim,
    reasonCode,
    isFatal,
    retryAfterMs,
    // A copy of the identity need not learn how far the original is.
    recordedVersion: isFatal && !isProven ? 0 : (draft.record?.stateVersion ?? 0),
  });
  turn.report('refusal', reasonCode, {
    claimedSessionId: claim.sessionId,
    claimedVersion: claim.stateVersion,
    transportId: claim.transportId,
    kind: event.frame.type,
    purpose: purposeOf(event),
    source: event.source,
    retryAfterMs,
  });
  if (reasonCode === 'identity_conflict') refuseChannel(turn, event);
  // ◆ Its key is shown by somebody who cannot go on with it: whoever could may be gone, and is not waited for.
  if (reasonCode === 'session_live') draft.noticeMs = null;
}

/** ◆ The refused claimant's side ends; the recorded session is not touched. */
function refuseChannel(turn: Turn, { channelId, source }: ClaimEvent): void {
  const { draft } = turn;
  assert(
    channelOf(draft, channelId)?.isProven !== true,
    'who holds the session is not refused as a stranger',
  );
  turn.report('alarm', 'identity_conflict', { source });
  turn.emit({ kind: 'dropChannel', channelId, refuseForMs: CONFLICT_REFUSAL_MS });
  draft.channels = draft.channels.filter((channel) => channel.channelId !== channelId);
  if (draft.waiting?.channelId === channelId) draft.waiting = null;
}

/**
 * ◆ Whether the session has moved on from that channel to a newer one: what was sent before ROTATE may come after it, and
 * a device that has its ROTATED hears nothing there.
 */
function isLeft(channels: Seat['channels'], id: ChannelId, currentId: ChannelId | null): boolean {
  const at = (channelId: ChannelId | null) =>
    channels.findIndex((channel) => channel.channelId === channelId);
  return at(id) < at(currentId);
}

/** A lost answer must never lock a device out: same claim, same answer, and the binding is heard. */
function answerAgain(turn: Turn, event: ClaimEvent, record: SessionRecord): void {
  const { draft } = turn;
  const { channelId, source } = event;
  turn.change(channelId, { isProven: true });
  if (!isLeft(draft.channels, channelId, draft.channelId)) draft.channelId = channelId;
  if (isTokenOf(turn.config, event, draft.nowMs)) {
    draft.addresses = withValidated(draft.addresses, source, draft.nowMs);
  }
  // Committed by this hub before it was restarted; else an MTU frame may have said more of both since.
  draft.mtuBytes ??= event.frame.mtuBytes;
  draft.noticeMs ??= event.frame.noticeMs;
  draft.answer ??= answerTo(record, draft.hubSeq, turn.config);
  turn.send(targetOf(event), draft.answer);
  turn.count('claim_repeated');
  heard(turn);
  if (isValidated(draft.addresses, source, draft.nowMs)) placeBinding(turn, event);
  else suspect(turn, event);
}
