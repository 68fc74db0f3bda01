/**
 * Answers to claims: the moment of a switch, as the device sees it.
 *
 * ◆ An answer counts once, and only while its claim is open (docs/protocol.md, "Claims and answers").
 *
 * @module
 */
import { isSameClaim } from '../claim.ts';
import { onProven } from '../liveness/liveness.ts';
import { faultOf, qualityOf } from '../liveness/quality.ts';
import type { ReasonCode } from '../reasons.ts';
import type { Attached, Reattached } from '../wire/frames.ts';
import { MINUTE_MS } from './choice.ts';
import { acceptList, die, enterDegraded, leaveAttached, penalise } from './die.ts';
import { fitMtu } from './mtu.ts';
import { probeNow } from './probes.ts';
import { rememberEarlier, resendOver } from './resend.ts';
import { save } from './save.ts';
import type { Granted, OpenClaim, Transport } from './state.ts';
import type { Turn } from './turn.ts';

const RECOVERIES_MAX = 64;
/** Longer than any recovery window: older misses are the link's own (chosen). */
const OUTAGE_MAX_MS = 60_000;

/** ATTACHED, or REATTACHED with renewed keys: they have to be durable before data flows. */
export function onAttached(
  turn: Turn,
  frame: Attached,
  channelId: number,
  transportId: number,
): void {
  const open = takeClaim(turn, frame, channelId, ['new', 'attach']);
  if (open === null) return;
  proveBoth(turn, open, transportId);
  const { secret, memoryKey, inner4, inner6, routes, cipher } = frame;
  grant(turn, open, channelId, { secret, memoryKey, inner4, inner6, routes, cipher });
}

export function onReattached(
  turn: Turn,
  frame: Reattached,
  channelId: number,
  transportId: number,
): void {
  const open = takeClaim(turn, frame, channelId, ['reattach']);
  if (open === null) return;
  proveBoth(turn, open, transportId);
  tellOneWayIn(turn, frame, open);
  const { draft } = turn;
  if (frame.renewed === null) {
    bindChannel(turn, channelId);
    settle(turn, open);
    return;
  }
  const { inner4, inner6, routes, cipher } = draft;
  grant(turn, open, channelId, {
    ...frame.renewed,
    inner4,
    inner6,
    routes,
    cipher: cipher ?? 'chacha20-poly1305',
  });
}

function takeClaim(
  turn: Turn,
  frame: Attached | Reattached,
  channelId: number,
  kinds: readonly OpenClaim['kind'][],
): OpenClaim | null {
  const open = turn.draft.claim;
  const isAnswer =
    open !== null && isSameClaim(open.claim, frame.claim) && kinds.includes(open.kind);
  // In a channel that was replaced it would bind keys we left: the repeat is answered in the new one.
  if (!isAnswer || turn.draft.channel?.channelId !== channelId) {
    turn.count('answer_ignored');
    return null;
  }
  turn.draft.claim = null;
  turn.draft.handshake = null;
  return open;
}

/**
 * The binding fell silent for us. Had the hub gone on hearing it, only the way to us was dead.
 *
 * Cut both ways, the hub's silence is ours and the way of the claim more; half of it leaves room for ways
 * of different length. Only the claim that the death itself opened is told of: a later one, or a plan, may replace
 * another binding than the one that died, and finds ways that have opened again.
 */
function tellOneWayIn(turn: Turn, { heardMs }: Reattached, open: OpenClaim): void {
  const { lostFor, formerId, transportlessSinceMs } = turn.draft;
  if (open.openedAtMs !== transportlessSinceMs) return;
  const heardAtMs = turn.transport(formerId)?.liveness.heardAtMs ?? null;
  if (heardMs === null || heardAtMs === null || lostFor !== 'heartbeat_timeout') return;
  const silentMs = Math.round(open.openedAtMs - heardAtMs);
  if (heardMs * 2 >= silentMs) return;
  turn.report('notice', 'one_way_in', { transportId: formerId, silentMs, heardMs });
}

/** ◆ Claim out, answer in: probes from before say nothing of the binding that comes of it. */
function proveBoth(turn: Turn, open: OpenClaim, transportId: number): void {
  const transport = turn.transport(transportId);
  if (transport === null || transportId !== open.claim.transportId) return;
  turn.change(transportId, { liveness: onProven(transport.liveness, turn.nowMs) });
}

function grant(
  turn: Turn,
  open: OpenClaim,
  channelId: number,
  keys: Omit<Granted, 'channelId' | 'open'>,
): void {
  turn.draft.granted = { ...keys, open, channelId };
  save(turn);
}

/** The granted keys are on flash: the session is attached, and the claim that got it is settled. */
export function attachGranted(turn: Turn): void {
  const { draft } = turn;
  const granted = draft.granted;
  if (granted === null) return;
  draft.granted = null;
  if (draft.state === 'TERMINATED') return;
  const { secret, memoryKey, inner4, inner6, routes, cipher } = granted;
  Object.assign(draft, { secret, memoryKey, inner4, inner6, routes, cipher });
  bindChannel(turn, granted.channelId);
  // An interface that is too narrow for IPv6 takes no such address.
  fitMtu(turn);
  turn.emit({ kind: 'assign', inner4, inner6, routes, cipher });
  settle(turn, granted.open);
}

function bindChannel(turn: Turn, channelId: number): void {
  const { draft } = turn;
  if (draft.channel?.channelId === channelId) draft.channel = { ...draft.channel, isBound: true };
}

/** The claim is committed: from here on data goes over its transport and over no other. */
function settle(turn: Turn, open: OpenClaim): void {
  const { draft } = turn;
  const { transportId, stateVersion } = open.claim;
  const wasActive = draft.activeId ?? draft.formerId;
  const isSwitch = wasActive !== null && wasActive !== transportId;
  const answeredBefore = draft.answeredVersion;
  draft.answeredVersion = stateVersion;
  draft.answeredAtMs = turn.nowMs;
  draft.hubMtuBytes = open.mtuBytes;
  draft.hubNoticeMs = open.noticeMs;
  draft.mtuNotice = null;
  const recoveryMs =
    draft.transportlessSinceMs === null ? null : turn.nowMs - draft.transportlessSinceMs;
  moveOnAnswer(turn, open, recoveryMs);
  leaveAttached(turn);
  if (draft.activeId !== null && isSwitch) {
    draft.formerId = draft.activeId;
    draft.formerUntilMs = turn.nowMs + turn.config.limits.resendMaxAgeMs;
  }
  rememberEarlier(turn, wasActive, answeredBefore);
  if (open.reasonCode === 'operator_rebind') draft.heldId = transportId;
  else if (isSwitch) draft.heldId = null;
  draft.activeId = transportId;
  draft.attachedSinceMs = draft.state === 'ATTACHED' ? turn.nowMs : null;
  clearDeadlines(turn, recoveryMs);
  if (isSwitch) {
    draft.switchedAtMs = [
      ...draft.switchedAtMs.filter((at) => at > turn.nowMs - MINUTE_MS),
      turn.nowMs,
    ];
    if (open.purpose === 'quality' && wasActive !== null) leftForQuality(turn, wasActive);
    turn.report('switch', 'switch_committed', {
      transportId,
      fromTransportId: wasActive,
      purpose: open.purpose,
    });
  }
  carryOver(turn, open);
}

/** It answers still, so stability has to begin anew; and each time that it was no good counts as a flap. */
function leftForQuality(turn: Turn, transportId: number): void {
  const left = turn.transport(transportId);
  if (left === null) return;
  penalise(turn, transportId);
  turn.change(transportId, { liveness: { ...left.liveness, stableSinceMs: null } });
}

/** What was missed while the hub or the way to it was gone says nothing about the binding that came of it. */
function forgiveOutage(turn: Turn, { transportId, liveness }: Transport): void {
  const outcomes = liveness.outcomes.filter(
    (outcome) => outcome.rttMs !== null || outcome.atMs < turn.nowMs - OUTAGE_MAX_MS,
  );
  turn.change(transportId, { liveness: { ...liveness, outcomes } });
}

/** Data takes the new way, unless that was lost while the answer was under way or flash was slow. */
function carryOver(turn: Turn, open: OpenClaim): void {
  const { draft } = turn;
  const { transportId } = open.claim;
  const transport = turn.transport(transportId);
  if (transport === null || transport.unusable !== null)
    return die(turn, transport?.unusable ?? 'carrier_lost');
  if (draft.channel === null) return die(turn, 'channel_expired');
  if (open.purpose !== 'stay') forgiveOutage(turn, transport);
  const { channelId } = draft.channel;
  resendOver(turn, open);
  turn.emit({ kind: 'route', route: { channelId, transportId } });
  turn.emit(acceptList(draft));
  probeNow(turn, transportId);
}

function moveOnAnswer(turn: Turn, open: OpenClaim, recoveryMs: number | null): void {
  const { draft } = turn;
  const detail = { transportId: open.claim.transportId, purpose: open.purpose, recoveryMs };
  if (draft.state === 'BIRTH') turn.move('attach_accepted', 'attach_accepted', detail);
  // To stay restores nothing: quality decides when DEGRADED ends, and VOLATILE where it undoes no plan.
  else if (open.purpose === 'stay' && (draft.state !== 'VOLATILE' || draft.plannedAtMs === null))
    return;
  else if (open.purpose === 'stay') {
    const isGood = !isFaulty(turn);
    turn.move(
      isGood ? 'switch_abandoned' : 'switch_abandoned_degraded',
      'switch_abandoned',
      detail,
    );
    if (!isGood) enterDegraded(turn);
  } else turn.move('reattach_accepted', reasonOfAnswer(turn, open), detail);
}

function reasonOfAnswer(turn: Turn, open: OpenClaim): ReasonCode {
  if (turn.draft.isResuming) return 'session_resumed';
  if (open.purpose !== 'recovery') return open.reasonCode;
  return open.claim.transportId === turn.draft.formerId
    ? 'reattach_same_transport'
    : 'reattach_accepted';
}

export function isFaulty(turn: Turn): boolean {
  const { limits } = turn.config;
  const active = turn.transport(turn.draft.activeId);
  if (active === null) return true;
  const quality = qualityOf(active.liveness, turn.nowMs, limits.quality.windowMs);
  return faultOf(quality, limits.quality) !== null;
}

function clearDeadlines(turn: Turn, recoveryMs: number | null): void {
  const { draft } = turn;
  if (recoveryMs !== null) {
    draft.recoveriesMs = [...draft.recoveriesMs, recoveryMs].slice(-RECOVERIES_MAX);
    draft.transportlessMs += recoveryMs;
  }
  draft.transportlessSinceMs = null;
  draft.transportTtlAtMs = null;
  draft.recoveryDeadlineAtMs = null;
  draft.birthDeadlineAtMs = null;
  draft.volatileSinceMs = draft.state === 'VOLATILE' ? draft.volatileSinceMs : null;
  draft.degradedEndsAtMs = draft.state === 'DEGRADED' ? draft.degradedEndsAtMs : null;
  draft.plannedAtMs = null;
  draft.healthySinceMs = null;
  draft.withheldFor = [];
  draft.isResuming = false;
  draft.reopens = 0;
  draft.triedIds = [];
  draft.reviewAtMs = turn.nowMs;
}
