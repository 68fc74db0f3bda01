/**
 * ◆ Before an ATTACH takes a session from a binding that may still be alive, that binding is asked.
 *
 * The CHALLENGE names the claim. "Not mine" from the old address stops it: two processes have one
 * identity. "Mine", or silence, lets it pass: a restarted process looks like a stranger, and its old
 * channel is dead. Whoever proves a memory key is not asked about: no copy has one.
 *
 * @module
 */
import { isSameClaim } from '../claim.ts';
import { timeoutMs, withSample } from '../liveness/rtt.ts';
import { TOKEN_BYTES } from '../wire/field.ts';
import { decide, refuse } from './claims.ts';
import { isFree } from './deadline.ts';
import { isOpening } from './judge.ts';
import { isMemory } from './shown.ts';
import {
  type ClaimEvent,
  channelOf,
  isLive,
  type Question,
  type Seat,
  type Shown,
} from './state.ts';
import type { Target, Turn } from './turn.ts';

const SILENCE_DEFAULT_MS = 300;
const SILENCE_MIN_MS = 150;
const SILENCE_MAX_MS = 800;
/** At most one round of challenges a second for the claims on a session, and one for its address (`trial.ts`). */
export const ROUND_MS = 1_000;

export function needsChallenge(seat: Seat, event: ClaimEvent, shown: Shown | null): boolean {
  if (event.frame.type !== 'attach' || isMemory(shown) || !isLive(seat.record)) return false;
  const claimant = channelOf(seat, event.channelId);
  return seat.channelId !== null && seat.source !== null && claimant?.isProven !== true;
}

export function beginChallenge(turn: Turn, event: ClaimEvent): void {
  const { draft } = turn;
  const askAtMs = nextRoundAtMs(draft);
  const deadlineAtMs = askAtMs + silenceMs(draft);
  draft.pending = { event, question: null, isAsked: false, askAtMs, deadlineAtMs };
  turn.report('claim', 'challenge_sent', {
    claimedVersion: event.frame.claim.stateVersion,
    isNewSession: isOpening(draft.record, event),
    source: event.source,
    oldSource: draft.source,
  });
  onPendingDue(turn);
}

/** The binding moved while a claim waits for its objection: ask where it is now. */
export function restartChallenge(draft: { -readonly [K in keyof Seat]: Seat[K] }): void {
  const { pending } = draft;
  if (pending === null) return;
  const askAtMs = nextRoundAtMs(draft);
  const deadlineAtMs = askAtMs + silenceMs(draft);
  draft.pending = { ...pending, question: null, isAsked: false, askAtMs, deadlineAtMs };
}

/** ◆ The silence of an address that the binding may have left lets no claim pass before that is decided. */
export function holdPending(
  draft: { -readonly [K in keyof Seat]: Seat[K] },
  untilMs: number,
): void {
  const { pending } = draft;
  if (pending === null) return;
  if (!pending.isAsked) return restartChallenge(draft);
  if (pending.question === null) return;
  draft.pending = { ...pending, deadlineAtMs: Math.max(pending.deadlineAtMs, untilMs + 1) };
}

/**
 * ◆ Not while a trial of addresses goes on either: the binding may be where nobody has answered yet, and the silence of an
 * address that it has left would let a copy pass.
 */
function nextRoundAtMs(seat: Seat): number {
  const { nowMs, lastChallengeAtMs, trialBeganAtMs } = seat;
  const pacedAtMs = (beganAtMs: number | null) =>
    beganAtMs === null ? nowMs : beganAtMs + ROUND_MS;
  return Math.max(nowMs, pacedAtMs(lastChallengeAtMs), pacedAtMs(trialBeganAtMs));
}

function silenceMs(seat: Seat): number {
  if (seat.rtt === null) return SILENCE_DEFAULT_MS;
  return Math.min(SILENCE_MAX_MS, Math.max(SILENCE_MIN_MS, 2 * timeoutMs(seat.rtt)));
}

/** Ask, ask again half-way, and go on when the time is up. */
export function onPendingDue(turn: Turn): void {
  const { draft } = turn;
  const { pending } = draft;
  if (pending === null) return;
  if (!pending.isAsked) {
    if (pending.askAtMs > draft.nowMs) return;
    draft.lastChallengeAtMs = draft.nowMs;
    const question = ask(turn, oldBinding(draft), pending.event, pending.deadlineAtMs);
    const deadlineAtMs = question === null ? draft.nowMs : pending.deadlineAtMs;
    draft.pending = { ...pending, question, isAsked: true, deadlineAtMs };
    return;
  }
  const { question } = pending;
  if (pending.deadlineAtMs <= draft.nowMs) {
    // Nobody is asked again, also where the claim has to wait for the store.
    if (question !== null)
      draft.pending = { ...pending, question: { ...question, repeatAtMs: null } };
    return passChallenge(turn);
  }
  if (question === null) return;
  draft.pending = { ...pending, question: askAgain(turn, question, pending.event) };
}

/** The old binding is gone, silent or content: judge the claim again and commit it. */
export function passChallenge(turn: Turn): void {
  const { draft } = turn;
  const { pending } = draft;
  if (pending === null || !isFree(draft)) return;
  draft.pending = null;
  if (channelOf(draft, pending.event.channelId) === null) return;
  decide(turn, pending.event, true);
}

/**
 * The old binding says whose claim it is. A claimant that has proven itself in the meantime, with a
 * memory key on the same channel, is that binding: nobody is left to object.
 */
export function onPendingAnswer(turn: Turn, isMine: boolean): void {
  const { draft } = turn;
  const { pending } = draft;
  if (pending === null) return;
  const isClaimantProven = channelOf(draft, pending.event.channelId)?.isProven === true;
  if (isMine || isClaimantProven) {
    // While a swap is under way it waits for that only.
    draft.pending = { ...pending, question: null, deadlineAtMs: draft.nowMs };
    return passChallenge(turn);
  }
  draft.pending = null;
  const { waiting } = draft;
  if (waiting !== null && isSameClaim(waiting.frame.claim, pending.event.frame.claim)) {
    draft.waiting = null;
  }
  refuse(turn, pending.event, 'identity_conflict', 0);
}

function oldBinding(seat: Seat): Target | null {
  const { channelId, source, record } = seat;
  if (channelId === null || source === null || record === null) return null;
  return { channelId, transportId: record.transportId, target: source };
}

/** Send a token to an address; a second copy follows half-way to `untilMs`. */
export function ask(
  turn: Turn,
  to: Target | null,
  event: ClaimEvent | null,
  untilMs: number,
): Question | null {
  if (to === null) return null;
  const { draft } = turn;
  const token = turn.token('challenge', TOKEN_BYTES);
  turn.send(to, { type: 'challenge', token, claim: event?.frame.claim ?? null });
  const repeatAtMs = draft.nowMs + Math.ceil((untilMs - draft.nowMs) / 2);
  return { ...to, token, sentAtMs: draft.nowMs, repeatAtMs, isRepeated: false };
}

export function askAgain(turn: Turn, question: Question, event: ClaimEvent | null): Question {
  if (question.repeatAtMs === null || question.repeatAtMs > turn.nowMs) return question;
  const { token } = question;
  turn.send(question, { type: 'challenge', token, claim: event?.frame.claim ?? null });
  return { ...question, repeatAtMs: null, isRepeated: true };
}

/**
 * An answer to a question that was asked once tells the round trip (RFC 6298 §3, Karn). Where nothing is known, one to a
 * question that was asked twice does, from its first sending: too long a patience is the safe one.
 */
export function measure(turn: Turn, question: Question): void {
  if (question.isRepeated && turn.draft.rtt !== null) return;
  turn.draft.rtt = withSample(turn.draft.rtt, turn.nowMs - question.sentAtMs);
}
