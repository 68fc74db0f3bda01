/**
 * Where the binding is: an authentic packet from another address is a NAT rebind, or a redirection.
 *
 * Its data is delivered, its address is not adopted on sight. The new and the old address are asked
 * (twice where they say nothing); only an answer from the address that was asked counts. The new one answers and
 * the old one stays silent: the binding is there now. The old one answers: nothing changes. Until that is known, what
 * is sent goes to both of them (`outputs.ts`), so that the flow does not wait for the old one's silence.
 *
 * @module
 */
import { timeoutMs } from '../liveness/rtt.ts';
import { isAddressToken, isValidated, withValidated } from './address.ts';
import { ask, askAgain, holdPending, measure, ROUND_MS, restartChallenge } from './challenge.ts';
import type { SeatConfig } from './limits.ts';
import { CANDIDATES_MAX, type ClaimEvent, type Question, type Seat, type Trial } from './state.ts';
import { type Turn, targetOf } from './turn.ts';

const SILENCE_DEFAULT_MS = 200;
const SILENCE_MIN_MS = 100;
const SILENCE_MAX_MS = 1_000;

/** Something that came from somewhere on a proven channel. */
export interface Arrival {
  readonly channelId: number;
  readonly transportId: number;
  readonly source: string;
}

/** Whether a REATTACH echoes the token that a PROBE_ACK took to its source. */
export function isTokenOf(config: SeatConfig, event: ClaimEvent, nowMs: number): boolean {
  const token = event.frame.type === 'reattach' ? event.frame.token : null;
  return isAddressToken(config, event.transportId, event.source, nowMs, token);
}

/**
 * The binding is at `arrival` because its own claim says so. An address that is not proven is asked at
 * once: claims are rare enough by themselves, and no data goes there before it answers.
 */
export function placeBinding(turn: Turn, arrival: Arrival): void {
  const { draft } = turn;
  draft.trial = null;
  draft.source = arrival.source;
  draft.isSourceValidated = isValidated(draft.addresses, arrival.source, draft.nowMs);
  if (!draft.isSourceValidated) startTrial(turn, arrival);
}

/** A packet on the binding came from `arrival.source`: look whether that needs to be asked about. */
export function suspect(turn: Turn, arrival: Arrival): void {
  const { draft } = turn;
  if (draft.source === null) return placeBinding(turn, arrival);
  if (draft.source === arrival.source && draft.isSourceValidated) return;
  if (draft.trial === null) {
    const isPaced = draft.trialBeganAtMs !== null && draft.nowMs < draft.trialBeganAtMs + ROUND_MS;
    if (!isPaced) startTrial(turn, arrival);
    return;
  }
  const { candidates } = draft.trial;
  if (candidates.some((candidate) => candidate.target === arrival.source)) return;
  if (candidates.length >= CANDIDATES_MAX) return turn.count('candidates_full');
  const question = ask(turn, targetOf(arrival), null, draft.nowMs + silenceMs(draft));
  if (question !== null) draft.trial = { ...draft.trial, candidates: [...candidates, question] };
}

function startTrial(turn: Turn, arrival: Arrival): void {
  const { draft } = turn;
  const decideAtMs = draft.nowMs + silenceMs(draft);
  const { channelId, source, record } = draft;
  draft.trialBeganAtMs = draft.nowMs;
  const candidate = ask(turn, targetOf(arrival), null, decideAtMs);
  const hasIncumbent = draft.isSourceValidated && channelId !== null && record !== null;
  const incumbent =
    hasIncumbent && source !== null
      ? ask(turn, { channelId, transportId: record.transportId, target: source }, null, decideAtMs)
      : null;
  draft.trial = {
    incumbent,
    candidates: candidate === null ? [] : [candidate],
    answered: null,
    decideAtMs,
    isDecidable: false,
    expireAtMs: draft.nowMs + ROUND_MS,
  };
  holdPending(draft, draft.trial.expireAtMs);
  turn.report('notice', 'challenge_sent', { source: arrival.source, oldSource: source });
}

function silenceMs(seat: Seat): number {
  if (seat.rtt === null) return SILENCE_DEFAULT_MS;
  return Math.min(SILENCE_MAX_MS, Math.max(SILENCE_MIN_MS, 2 * timeoutMs(seat.rtt)));
}

export function onTrialDue(turn: Turn): void {
  const { draft } = turn;
  const { trial, nowMs } = draft;
  if (trial === null) return;
  if (trial.expireAtMs <= nowMs && trial.answered === null) {
    draft.trial = null;
    return;
  }
  const incumbent = trial.incumbent === null ? null : askAgain(turn, trial.incumbent, null);
  // The first that answers decides, so nobody is asked again behind it.
  const candidates =
    trial.answered === null
      ? trial.candidates.map((candidate) => askAgain(turn, candidate, null))
      : trial.candidates;
  const isDecidable = trial.decideAtMs <= nowMs;
  draft.trial = trial.expireAtMs <= nowMs ? null : { ...trial, incumbent, candidates, isDecidable };
  if (isDecidable && trial.answered !== null) adopt(turn, trial.answered);
}

/** A candidate proved to be at its address. */
export function onCandidateAnswer(turn: Turn, trial: Trial, question: Question): void {
  const { draft } = turn;
  draft.addresses = withValidated(draft.addresses, question.target, draft.nowMs);
  measure(turn, question);
  const answered = trial.answered ?? question.target;
  if (trial.incumbent === null || trial.isDecidable) return adopt(turn, answered);
  draft.trial = { ...trial, answered };
}

/** The old address is alive, so whoever shows another one is not (only) the device. */
export function onIncumbentAnswer(turn: Turn, trial: Trial, question: Question): void {
  const { draft } = turn;
  draft.trial = null;
  draft.addresses = withValidated(draft.addresses, question.target, draft.nowMs);
  measure(turn, question);
  turn.report('notice', 'redirect_refused', {
    source: trial.candidates[0]?.target ?? null,
    oldSource: question.target,
  });
}

function adopt(turn: Turn, source: string): void {
  const { draft } = turn;
  const before = draft.source;
  draft.trial = null;
  draft.source = source;
  draft.isSourceValidated = true;
  if (before !== source) {
    restartChallenge(draft);
    turn.report('notice', 'nat_rebind', { event: 'transport_rebound', source, oldSource: before });
  }
}
