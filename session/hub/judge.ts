/**
 * The ordered checks of a claim. Reads a seat, changes nothing: a refusal leaves no trace in it.
 *
 * Check 0 (mac1, cookies, prefix rates) is `admission.ts` and the shell; check 10, the swap, is
 * `commit.ts`. Order and codes: docs/protocol.md, "What a hub checks before a binding changes".
 *
 * @module
 */
import { isSameClaim } from '../claim.ts';
import type { ReasonCode } from '../reasons.ts';
import { MINUTE_MS, recoveryEndsAtMs, sessionEndsAtMs, transportEndsAtMs } from './deadline.ts';
import type { SeatConfig } from './limits.ts';
import type { SessionRecord } from './record.ts';
import { isUnconfirmedBirth, shownBy } from './shown.ts';
import { type ClaimEvent, channelOf, isLive, type Seat, type Shown } from './state.ts';

export type Verdict =
  | { readonly kind: 'refuse'; readonly reasonCode: ReasonCode; readonly retryAfterMs: number }
  /** The committed claim once more: same answer, no further checks. */
  | { readonly kind: 'repeat'; readonly record: SessionRecord }
  | { readonly kind: 'accept'; readonly shown: Shown | null };

/** Slots of the switch cap that only a recovery may use (docs/protocol.md, "Choosing and bounding"). */
const RECOVERY_SLOTS = 2;
const POLICY_RETRY_MS = 60_000;
const LIVE_RETRY_MIN_MS = 1_000;
/** Each claim is a commit; a device stays once for each silence of at least so long (session/device/onlyLink.ts). */
const STAY_EVERY_MS = 250;

const refuse = (reasonCode: ReasonCode, retryAfterMs = 0): Verdict => ({
  kind: 'refuse',
  reasonCode,
  retryAfterMs: Math.ceil(retryAfterMs),
});

/** Whether the claim opens a session that the record does not hold. */
export function isOpening(record: SessionRecord | null, { frame }: ClaimEvent): boolean {
  return (
    frame.type === 'attach' && frame.isNew && frame.claim.sessionId !== (record?.sessionId ?? null)
  );
}

export function judge(seat: Seat, event: ClaimEvent, config: SeatConfig): Verdict {
  const { record } = seat;
  const opening = isOpening(record, event);
  if (!opening) {
    if (record === null || record.sessionId !== event.frame.claim.sessionId) {
      return refuse('unknown_session');
    }
    if (record.terminated !== null) return refuse('invalid_state');
    if (sessionEndsAtMs(record, config) <= seat.nowMs) return refuse('session_ttl_expired');
    const transportEndMs = transportEndsAtMs(seat, config);
    if (transportEndMs !== null && transportEndMs <= seat.nowMs) {
      return refuse('transport_ttl_expired');
    }
  }

  const channel = channelOf(seat, event.channelId);
  const shown =
    record === null || channel === null
      ? null
      : shownBy(record, event.frame, channel.handshakeHash);
  const unproven = opening
    ? denyOpening(seat, shown, config)
    : denyProof(seat, event, shown, channel?.isProven === true, config);
  if (unproven !== null) return unproven;
  if (!opening && record !== null && isRepeat(record, event)) return { kind: 'repeat', record };

  if (record !== null && event.frame.claim.stateVersion <= record.stateVersion) {
    return refuse('stale_state_version');
  }
  return (
    denyRate(seat, event, config) ??
    denyPolicy(seat, event, config) ??
    denyTransport(event) ?? { kind: 'accept', shown }
  );
}

function isRepeat(record: SessionRecord, { frame }: ClaimEvent): boolean {
  return isSameClaim(record.claim, frame.claim) && record.claimKind === frame.type;
}

/** ◆ A live session is replaced only by who proves to hold it. */
function denyOpening(seat: Seat, shown: Shown | null, config: SeatConfig): Verdict | null {
  if (!isLive(seat.record) || shown !== null) return null;
  const endsAtMs =
    recoveryEndsAtMs(seat, config) ??
    seat.nowMs + config.limits.silenceMs + config.limits.recoveryWindowMs;
  return refuse('session_live', Math.max(LIVE_RETRY_MIN_MS, endsAtMs - seat.nowMs));
}

/**
 * ◆ A claimant without proof is another process with the same identity. On a channel that already
 * proved itself, or with no proof at all, it is a defect and no second device.
 */
function denyProof(
  seat: Seat,
  { frame }: ClaimEvent,
  shown: Shown | null,
  isChannelProven: boolean,
  { limits }: SeatConfig,
): Verdict | null {
  if (shown !== null) return null;
  const { record } = seat;
  if (frame.type === 'attach' && record !== null && isUnconfirmedBirth(record, seat, limits)) {
    return null;
  }
  return refuse(frame.proof === null || isChannelProven ? 'bad_proof' : 'identity_conflict');
}

function isSwitch(record: SessionRecord | null, event: ClaimEvent): boolean {
  return (
    record !== null &&
    !isOpening(record, event) &&
    record.transportId !== event.frame.claim.transportId
  );
}

export function purposeOf({ frame }: ClaimEvent) {
  return frame.type === 'attach' ? 'recovery' : frame.purpose;
}

/**
 * ◆ Staying where the record says the binding is: never refused for what else was claimed, and it uses up nothing that a
 * recovery may need.
 */
export function isStay(record: SessionRecord | null, event: ClaimEvent): boolean {
  return purposeOf(event) === 'stay' && !isSwitch(record, event);
}

function denyRate(seat: Seat, event: ClaimEvent, { limits }: SeatConfig): Verdict | null {
  if (isStay(seat.record, event)) {
    const freeAtMs = (seat.stayedAtMs ?? Number.NEGATIVE_INFINITY) + STAY_EVERY_MS;
    return freeAtMs <= seat.nowMs ? null : refuse('reattach_rate_limited', freeAtMs - seat.nowMs);
  }
  const waitMs = untilSlotMs(seat.claimedAtMs, limits.reattachPerMinute, seat.nowMs);
  return waitMs === 0 ? null : refuse('reattach_rate_limited', waitMs);
}

function denyPolicy(seat: Seat, event: ClaimEvent, { limits }: SeatConfig): Verdict | null {
  if (!limits.allowedLinkKinds.includes(event.frame.linkKind)) {
    return refuse('policy_denied', POLICY_RETRY_MS);
  }
  const { record } = seat;
  if (record === null || !isSwitch(record, event)) return null;
  const purpose = purposeOf(event);
  const isVoluntary = purpose === 'planned' || purpose === 'quality';
  const cap = limits.maxSwitchesPerMinute - (isVoluntary ? RECOVERY_SLOTS : 0);
  const waitMs = untilSlotMs(record.switchedAtMs, cap, seat.nowMs);
  if (waitMs > 0) return refuse('switch_rate_limited', waitMs);
  const calmAtMs = Math.max(...record.switchedAtMs, Number.NEGATIVE_INFINITY) + limits.cooldownMs;
  if (isVoluntary && calmAtMs > seat.nowMs) {
    return refuse('cooldown_active', calmAtMs - seat.nowMs);
  }
  return null;
}

/** A claim names the transport it travels on; which address that is, is settled after the commit. */
function denyTransport({ frame, transportId }: ClaimEvent): Verdict | null {
  return frame.claim.transportId === transportId ? null : refuse('invalid_transport');
}

/** How long until fewer than `cap` of `atMs` lie in the last minute; 0 if so now. */
function untilSlotMs(atMs: readonly number[], cap: number, nowMs: number): number {
  const recent = atMs.filter((at) => at > nowMs - MINUTE_MS);
  if (cap <= 0) return MINUTE_MS;
  const freed = recent[recent.length - cap];
  return freed === undefined ? 0 : freed + MINUTE_MS - nowMs;
}
