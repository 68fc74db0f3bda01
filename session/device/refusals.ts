/**
 * REJECT and TERMINATE: what a refusal ends, and what it only delays.
 *
 * @module
 */
import { isSameClaim } from '../claim.ts';
import type { ReasonCode } from '../reasons.ts';
import type { Challenge, Reject, Terminate } from '../wire/frames.ts';
import { recoveryCandidates } from './choice.ts';
import { penalise } from './die.ts';
import { end } from './end.ts';
import { TRIED_MAX } from './pursue.ts';
import { save, VERSIONS_KEPT } from './save.ts';
import type { OpenClaim } from './state.ts';
import type { Turn } from './turn.ts';

/** Refused without a wait, a claimant still does not spin; each refusal in turn doubles it (chosen). */
const RETRY_MIN_MS = 50;
const RETRY_DOUBLINGS_MAX = 5;
const RETRY_MAX_MS = 600_000;
/** No number that a hub names may bring the clock near the end of what a claim can carry. */
const VERSION_MAX = Number.MAX_SAFE_INTEGER - 2 ** 32;
/** Refusals that speak of the fleet's or the session's pace and not of the transport. */
const PACE: readonly ReasonCode[] = [
  'rate_limited',
  'reattach_rate_limited',
  'switch_rate_limited',
  'cooldown_active',
  'store_unavailable',
  'stale_state_version',
];
/** Refusals that another transport may not meet. */
const OF_TRANSPORT: readonly ReasonCode[] = [
  'policy_denied',
  'invalid_transport',
  'switch_rate_limited',
];

export function onReject(turn: Turn, frame: Reject): void {
  const { draft } = turn;
  const open = draft.claim;
  // ◆ Only the answer to the newest claim counts; a late refusal of an old one changes nothing.
  if (open === null || !isSameClaim(open.claim, frame.claim)) {
    turn.count('answer_ignored');
    return;
  }
  draft.claim = null;
  // The hub answered, so it has our keys.
  draft.handshake = null;
  turn.report('refusal', frame.reasonCode, {
    transportId: open.claim.transportId,
    fatal: frame.isFatal,
    retryAfterMs: frame.retryAfterMs,
  });
  if (frame.isFatal) return endRefused(turn, frame);
  const slotMs = Math.min(RETRY_MAX_MS, frame.retryAfterMs);
  if (isPlan(open)) giveUpPlan(turn, open, frame, slotMs);
  else waitFor(turn, open, frame.reasonCode, slotMs);
  catchUp(turn, open, frame);
}

function isPlan(open: OpenClaim): boolean {
  return open.purpose === 'planned' || open.purpose === 'quality';
}

/**
 * Whoever has no binding, or wants to stay, asks again when the hub says so; ◆ where it refused the transport, over
 * another one before that: no link may hold up those that the hub would accept.
 */
function waitFor(turn: Turn, open: OpenClaim, reasonCode: ReasonCode, slotMs: number): void {
  const { draft, config } = turn;
  const { transportId } = open.claim;
  const refusals = draft.triedIds.filter((id) => id === transportId).length;
  const leastMs = RETRY_MIN_MS * 2 ** Math.min(refusals, RETRY_DOUBLINGS_MAX);
  const isOfTransport = OF_TRANSPORT.includes(reasonCode);
  if (isOfTransport) turn.change(transportId, { claimNotBeforeMs: turn.nowMs + slotMs });
  draft.claimNotBeforeMs = turn.nowMs + (isOfTransport ? leastMs : Math.max(leastMs, slotMs));
  draft.triedIds = [...draft.triedIds, transportId].slice(-TRIED_MAX);
  const [next] = recoveryCandidates(draft, config);
  const isHeldUp = !isOfTransport || (next?.claimNotBeforeMs ?? 0) > turn.nowMs;
  // A granted slot is not the device's fault: it pauses the birth deadline.
  if (draft.birthDeadlineAtMs !== null && isHeldUp) draft.birthDeadlineAtMs += slotMs;
}

/** The wait is for the next plan; staying is exempt from the bounds and need not wait. */
function giveUpPlan(turn: Turn, open: OpenClaim, frame: Reject, slotMs: number): void {
  const { draft, config } = turn;
  draft.planNotBeforeMs = turn.nowMs + Math.max(config.limits.cooldownMs, slotMs);
  if (!PACE.includes(frame.reasonCode)) penalise(turn, open.claim.transportId);
}

function endRefused(turn: Turn, frame: Reject): void {
  if (frame.reasonCode === 'identity_conflict') {
    turn.report('alarm', 'identity_conflict');
    end(turn, 'security_failure', 'identity_conflict');
  } else if (turn.draft.state === 'BIRTH') end(turn, 'attach_rejected', frame.reasonCode);
  else end(turn, 'reattach_rejected', frame.reasonCode);
}

/**
 * The next claim goes above the recorded version. Inside our own reserved block that is a gap, and
 * gaps are legal. Beyond it flash has lost history, and only a NEW session may adopt the hub's
 * version (◆ both slots lost); or, for a process that holds the session's memory key and so has lost
 * nothing, a copy of our flash went past us: the session is claimed back above it. While we carry, a
 * refused plan is no reason to move: PROBE_ACK tells whether the binding is still ours.
 */
function catchUp(turn: Turn, open: OpenClaim, { reasonCode, recordedVersion }: Reject): void {
  const { draft } = turn;
  if (recordedVersion <= draft.stateVersion) return;
  if (recordedVersion + VERSIONS_KEPT < draft.ceiling) {
    draft.stateVersion = recordedVersion;
    return;
  }
  if (reasonCode !== 'stale_state_version') return;
  if (open.kind === 'attach') return end(turn, 'reattach_rejected', 'stale_state_version');
  if (open.kind === 'reattach' && draft.state !== 'RECOVERING') return;
  if (recordedVersion > VERSION_MAX) {
    const trigger = open.kind === 'new' ? 'attach_rejected' : 'reattach_rejected';
    return end(turn, trigger, 'stale_state_version');
  }
  turn.report('alarm', 'version_adopted', { recordedVersion });
  draft.stateVersion = recordedVersion;
  draft.ceiling = recordedVersion;
  draft.phase = 'reserving';
  draft.writing = null;
  save(turn);
}

/** The hub ended the session. Its word counts only for the session we are in. */
export function onTerminate(turn: Turn, frame: Terminate): void {
  const { draft } = turn;
  if (
    frame.sessionId !== draft.sessionId ||
    draft.phase !== 'running' ||
    draft.state === 'TERMINATED' ||
    draft.state === 'BIRTH'
  ) {
    turn.count('answer_ignored');
    return;
  }
  const { reasonCode } = frame;
  const isTtl = reasonCode === 'session_ttl_expired' || reasonCode === 'transport_ttl_expired';
  if (reasonCode === 'identity_conflict') turn.report('alarm', 'identity_conflict');
  const isGrave = reasonCode === 'identity_conflict' || reasonCode === 'invariant_violated';
  end(
    turn,
    isTtl ? reasonCode : isGrave ? 'security_failure' : 'operator_terminated',
    reasonCode,
    true,
  );
}

/** Are you there? Answered from where it arrived; "mine" if our own claim made the hub ask. */
export function onChallenge(
  turn: Turn,
  frame: Challenge,
  channelId: number,
  transportId: number,
): void {
  const { claim } = frame;
  if (turn.draft.state === 'TERMINATED') return turn.count('challenge_ignored');
  // Answered or superseded meanwhile, it is still ours and no conflict.
  const isMine = claim !== null && turn.draft.ownClaims.some((own) => isSameClaim(own, claim));
  turn.emit({
    kind: 'send',
    channelId,
    transportId,
    frame: { type: 'response', token: frame.token, isMine },
  });
}
