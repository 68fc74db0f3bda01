/**
 * Getting back: whoever has no binding always has a handshake, a claim or a stated wait under way.
 *
 * Candidates get their turn in ranked order; each is asked a few times, then the next one is. Bounded
 * by the recovery window, the birth deadline and the switch cap (I3, I7).
 *
 * @module
 */
import type { ReasonCode } from '../reasons.ts';
import { denial, nextSlotAtMs, recoveryCandidates } from './choice.ts';
import { mayClaim, openClaim, repeatClaim } from './claims.ts';
import { repeatHandshake, shakeHands } from './handshake.ts';
import type { OpenClaim, Transport } from './state.ts';
import type { Turn } from './turn.ts';

/** Asked this often in vain, a candidate gives way to the next one. */
const SENDS_PER_CANDIDATE = 3;
/** From this many unanswered sends on, the hub may have lost our keys: shake hands as well. */
const SENDS_BEFORE_HANDSHAKE = 2;
export const TRIED_MAX = 64;

export function pursue(turn: Turn): void {
  const { draft } = turn;
  const slotBeforeMs = draft.slotAtMs;
  draft.slotAtMs = null;
  if (draft.phase !== 'running' || draft.granted !== null) return;
  if (draft.state !== 'BIRTH' && draft.state !== 'RECOVERING') return;
  if (draft.savedSessionId !== draft.sessionId) return;
  giveUpClaim(turn);
  if (draft.channel === null) return seekChannel(turn);
  if (draft.claim !== null) return carryOn(turn, draft.claim);
  // With a channel and no claim, a handshake is a doubt that the hub has answered or that moved on.
  draft.handshake = null;
  if (!mayClaim(turn)) return;
  const candidate = nextCandidate(turn, slotBeforeMs);
  if (candidate !== null) openClaim(turn, candidate.transportId, 'recovery', claimReason(turn));
}

/** A claim whose link is gone, or that was asked often enough while another link waits, is superseded. */
function giveUpClaim(turn: Turn): void {
  const { draft } = turn;
  const open = draft.claim;
  if (open === null) return;
  const { transportId } = open.claim;
  const isSpent =
    open.sends >= SENDS_PER_CANDIDATE &&
    open.sendsInChannel >= SENDS_BEFORE_HANDSHAKE &&
    open.repeatAtMs <= turn.nowMs;
  if (!isGone(turn, transportId) && !(isSpent && hasOther(turn, transportId))) return;
  draft.claim = null;
  tried(turn, transportId);
}

function carryOn(turn: Turn, open: OpenClaim): void {
  const { transportId } = open.claim;
  if (open.repeatAtMs <= turn.nowMs) {
    const isDoubtful = open.sendsInChannel >= SENDS_BEFORE_HANDSHAKE;
    if (isDoubtful && turn.draft.handshake === null) shakeHands(turn, transportId, 0);
    repeatClaim(turn);
  }
  if (turn.draft.handshake?.transportId === transportId) repeatHandshake(turn);
  else turn.draft.handshake = null;
}

/** No keys: a claim that is open waits for them, its time of repeat included. */
function seekChannel(turn: Turn): void {
  const { draft } = turn;
  giveUpHandshake(turn);
  if (draft.handshake !== null) repeatHandshake(turn);
  else if (draft.claim !== null || draft.claimNotBeforeMs <= turn.nowMs) {
    const wanted =
      turn.transport(draft.claim?.claim.transportId ?? null) ??
      recoveryCandidates(draft, turn.config)[0];
    if (wanted !== undefined) shakeHands(turn, wanted.transportId, 0);
  }
  if (draft.claim !== null && draft.claim.repeatAtMs <= turn.nowMs) repeatClaim(turn);
}

function giveUpHandshake(turn: Turn): void {
  const { draft } = turn;
  const shaking = draft.handshake;
  if (shaking === null) return;
  const { transportId } = shaking;
  const isSpent = shaking.tries >= SENDS_PER_CANDIDATE && shaking.repeatAtMs <= turn.nowMs;
  if (!isGone(turn, transportId) && !(isSpent && hasOther(turn, transportId))) return;
  draft.handshake = null;
  tried(turn, transportId);
}

/** The best candidate that the switch cap lets us claim now; at the cap, wait for the next free slot. */
function nextCandidate(turn: Turn, slotBeforeMs: number | null): Transport | null {
  const { draft, config } = turn;
  const candidates = recoveryCandidates(draft, config).filter(
    ({ claimNotBeforeMs }) => claimNotBeforeMs <= turn.nowMs,
  );
  const best = candidates[0] ?? null;
  if (best === null || !isSwitch(turn, best) || denial(draft, config, 'recovery') === null)
    return best;
  const same = candidates.find((transport) => !isSwitch(turn, transport));
  if (same !== undefined) return same;
  draft.slotAtMs = nextSlotAtMs(draft, config);
  if (draft.slotAtMs !== slotBeforeMs)
    turn.report('refusal', 'switch_rate_limited', { waitMs: draft.slotAtMs - turn.nowMs });
  return null;
}

/** A reattach on the transport that was the binding is not a switch and needs no slot. */
function isSwitch(turn: Turn, transport: Transport): boolean {
  const { formerId } = turn.draft;
  return formerId !== null && transport.transportId !== formerId;
}

function isGone(turn: Turn, transportId: number): boolean {
  return turn.transport(transportId)?.unusable !== null;
}

function hasOther(turn: Turn, transportId: number): boolean {
  return recoveryCandidates(turn.draft, turn.config).some(
    (other) => other.transportId !== transportId,
  );
}

function tried(turn: Turn, transportId: number): void {
  const { draft } = turn;
  draft.triedIds = [...draft.triedIds, transportId].slice(-TRIED_MAX);
}

function claimReason(turn: Turn): ReasonCode {
  const { draft } = turn;
  if (draft.state === 'BIRTH') return 'session_created';
  return draft.isResuming ? 'agent_restarted' : (draft.lostFor ?? 'binding_lost');
}
