/**
 * The frames that ask for an answer and change no binding: PROBE, RESPONSE, ROTATE.
 *
 * @module
 */
import { equalBytes, hexToBytes } from '../bytes.ts';
import { isProven } from '../proof.ts';
import type { HubView, Probe, Response, Rotate } from '../wire/frames.ts';
import { tokenFor, withValidated } from './address.ts';
import { measure, onPendingAnswer } from './challenge.ts';
import { isQuiet } from './deadline.ts';
import { tellEnd } from './ending.ts';
import { isSettled, onArrival } from './heard.ts';
import type { SeatConfig } from './limits.ts';
import { channelOf, type FrameEvent, isLive, type Question, type Seat } from './state.ts';
import { type Arrival, onCandidateAnswer, onIncumbentAnswer } from './trial.ts';
import { type Target, type Turn, targetOf } from './turn.ts';

/**
 * ◆ The answer names the recorded version and binding and what we think of it, so that neither a late
 * commit nor a hub that went to RECOVERING alone can split the two ends. Silent while we may not or
 * cannot forward; a channel that has proven nothing learns nothing but its token.
 */
export function onProbe(turn: Turn, event: FrameEvent, frame: Probe): void {
  const { draft, config } = turn;
  const { record, nowMs } = draft;
  const hasProof = channelOf(draft, event.channelId)?.isProven === true;
  const view = viewOf(draft, hasProof, config);
  if (view === null) return turn.count('probe_unanswered');
  const isNamed = hasProof && record !== null && view !== 'standby';
  const answer = (target: Target) => {
    const token = tokenFor(draft.addresses, config, target.transportId, target.target, nowMs);
    draft.addresses = token.addresses;
    turn.send(target, {
      type: 'probeAck',
      probeId: frame.probeId,
      view,
      transportId: isNamed && isLive(record) ? record.transportId : 0,
      stateVersion: isNamed ? record.stateVersion : 0,
      token: token.bytes,
    });
  };
  answer(targetOf(event));
  const { source } = draft;
  const isOfBinding = record?.transportId === event.transportId && hasProof;
  // ◆ It may be a copy that came first, and the question itself is a duplicate then: who asked is where the binding is.
  if (source !== null && source !== event.source && draft.isSourceValidated && isOfBinding) {
    answer({ ...targetOf(event), target: source });
  }
}

function viewOf(seat: Seat, hasProof: boolean, config: SeatConfig): HubView | null {
  const { hubId, isLeased } = config;
  const { record, isOwner, isLeaseValid } = seat;
  if (isLeased === true && !isLeaseValid) return null;
  if (record !== null && !isOwner && record.owner !== hubId) return 'standby';
  if (!isLeaseValid || !isOwner) return null;
  if (!hasProof || record === null) return 'unattached';
  if (record.terminated !== null) return 'terminated';
  if (!isSettled(seat)) return null;
  // ◆ Asked over another link, we say what the device cannot know yet: nothing comes over its binding.
  return seat.state === 'ATTACHED' && !isQuiet(seat, config) ? 'carrying' : 'recovering';
}

/** A token counts once, and only from the address that it went to. */
export function onResponse(turn: Turn, event: FrameEvent, frame: Response): void {
  if (!isTaken(turn, event, frame)) turn.count('response_ignored');
}

/**
 * ◆ Its counter was used up by a copy from another address, from where it answered nothing. Without this, who forwards faster
 * than the network does would make the address that was asked seem silent.
 */
export function onRepeatedResponse(turn: Turn, arrival: Arrival, frame: Response): void {
  // What closes a question closes it once; of the candidates the first that answered decides.
  if (turn.draft.trial?.answered !== arrival.source) isTaken(turn, arrival, frame);
}

/**
 * Whether `response` is what an open question waits for. Taken, it closes that question, of all candidates: so there is no
 * second one, however often it is repeated.
 */
export function isAwaited(seat: Seat, arrival: Arrival, { token }: Response): boolean {
  const { pending, trial } = seat;
  if (channelOf(seat, arrival.channelId)?.isProven !== true) return false;
  const candidates = trial?.answered === null ? trial.candidates : [];
  const open = [pending?.question, trial?.incumbent, ...candidates];
  return open.some((question) => isAnswer(question, arrival, token));
}

function isAnswer(
  question: Question | null | undefined,
  { source }: Arrival,
  token: Uint8Array,
): boolean {
  return question != null && question.target === source && equalBytes(question.token, token);
}

function isTaken(turn: Turn, arrival: Arrival, { token, isMine }: Response): boolean {
  const { draft } = turn;
  const { source } = arrival;
  if (channelOf(draft, arrival.channelId)?.isProven !== true) return false;
  const { pending, trial } = draft;
  const asked = pending?.question ?? null;
  if (asked !== null && isAnswer(asked, arrival, token)) {
    draft.addresses = withValidated(draft.addresses, source, draft.nowMs);
    measure(turn, asked);
    onPendingAnswer(turn, isMine);
    return true;
  }
  if (trial?.incumbent != null && isAnswer(trial.incumbent, arrival, token)) {
    onIncumbentAnswer(turn, trial, trial.incumbent);
    return true;
  }
  const candidate = trial?.candidates.find((question) => isAnswer(question, arrival, token));
  if (trial === null || candidate === undefined) return false;
  onCandidateAnswer(turn, trial, candidate);
  return true;
}

/**
 * The process that holds the session goes on under new keys. ◆ The handshake alone displaced nothing;
 * the proof under the memory key does. The old channel stays accepted until it is gone.
 */
export function onRotate(turn: Turn, event: FrameEvent, frame: Rotate): void {
  const { draft } = turn;
  const { record } = draft;
  const isOurs = draft.isOwner && record?.owner === turn.config.hubId;
  if (!draft.isLeaseValid || !isOurs) return turn.count('lease_invalid');
  const channel = channelOf(draft, event.channelId);
  const isHolder =
    channel !== null &&
    record.sessionId === frame.sessionId &&
    isProven(
      'rotate',
      record.memoryKey,
      channel.handshakeHash,
      hexToBytes(frame.sessionId),
      frame.proof,
    );
  if (!isHolder) {
    turn.report('refusal', 'bad_proof', { kind: 'rotate', source: event.source });
    return;
  }
  if (record.terminated !== null) {
    turn.change(event.channelId, { isProven: true });
    return tellEnd(turn, targetOf(event), record, record.terminated);
  }
  draft.isConfirmed = true;
  if (!channel.isProven || draft.channelId !== event.channelId) {
    turn.change(event.channelId, { isProven: true });
    draft.channelId = event.channelId;
    // Told once a channel: a hostile device would push the log's older lines out of their ring.
    if (channel.isProven) turn.count('channel_rotated');
    else turn.report('notice', 'channel_rotated', { source: event.source });
  }
  turn.send(targetOf(event), { type: 'rotated', sessionId: frame.sessionId });
  onArrival(turn, event);
}
