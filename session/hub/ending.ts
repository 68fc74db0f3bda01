/**
 * The session ends: by its bounds, by an operator, or because its device says so.
 *
 * TERMINATED is what the record says, so nothing is reported before the swap; but from the wish on
 * nothing is carried and no claim is judged. A hub's TERMINATED raises the version and so ends all
 * claims; the device is told on the last binding, and its channels are kept only to say so again.
 *
 * @module
 */
import { CLAIMED_VERSION_MAX } from '../claim.ts';
import type { ReasonCode } from '../reasons.ts';
import type { Trigger } from '../transitions.ts';
import type { Terminate } from '../wire/frames.ts';
import { recoveryEndsAtMs, sessionEndsAtMs, transportEndsAtMs } from './deadline.ts';
import type { SessionRecord } from './record.ts';
import { channelOf, type Ending, type FrameEvent, isLive } from './state.ts';
import { startSwap } from './swap.ts';
import { type Target, type Turn, targetOf } from './turn.ts';

export function beginEnd(turn: Turn, ending: Ending): void {
  const { draft } = turn;
  if (!isLive(draft.record) || draft.ending !== null) return;
  draft.ending = ending;
  draft.pending = null;
  draft.trial = null;
}

export const hubEnding = (trigger: Trigger, reasonCode: ReasonCode): Ending => ({
  trigger,
  reasonCode,
  isByDevice: false,
  stateVersion: 0,
});

/** The session's bounds, the final one first. */
export function onBoundsDue(turn: Turn): void {
  const { draft, config } = turn;
  const { record, nowMs } = draft;
  if (!isLive(record)) return;
  const isDue = (atMs: number | null) => atMs !== null && atMs <= nowMs;
  if (isDue(sessionEndsAtMs(record, config))) {
    beginEnd(turn, hubEnding('session_ttl_expired', 'session_ttl_expired'));
  } else if (isDue(transportEndsAtMs(draft, config))) {
    beginEnd(turn, hubEnding('transport_ttl_expired', 'transport_ttl_expired'));
  } else if (isDue(recoveryEndsAtMs(draft, config))) {
    beginEnd(turn, hubEnding('recovery_window_exceeded', 'recovery_window_exceeded'));
  }
}

/** The device ends its session itself; on a proven channel only. Repeats are answered. */
export function onTerminate(turn: Turn, event: FrameEvent, frame: Terminate): void {
  const { draft } = turn;
  const { record } = draft;
  const isProven = channelOf(draft, event.channelId)?.isProven === true;
  if (!isProven || record === null || record.sessionId !== frame.sessionId) {
    return turn.count('terminate_ignored');
  }
  if (record.terminated !== null) return tellEnd(turn, targetOf(event), record, record.terminated);
  const { reasonCode } = frame;
  const stateVersion = frame.stateVersion > CLAIMED_VERSION_MAX ? 0 : frame.stateVersion;
  beginEnd(turn, { trigger: 'operator_terminated', reasonCode, isByDevice: true, stateVersion });
}

/** Send the end to the store. A process that ended its session leaves no key behind. */
export function sendEnd(turn: Turn, record: SessionRecord, ending: Ending): void {
  const { draft } = turn;
  startSwap(turn, 'end', {
    ...record,
    revision: record.revision + 1,
    terminated: ending.reasonCode,
    stateVersion: Math.max(record.stateVersion + 1, ending.stateVersion),
    hubSeq: draft.hubSeq + 1,
    predecessorMemoryKey: ending.isByDevice ? null : record.predecessorMemoryKey,
    recoveringSinceMs: null,
    transportlessSinceMs: null,
  });
}

export function onEnded(turn: Turn, record: SessionRecord): void {
  const { draft } = turn;
  const { ending } = draft;
  draft.record = record;
  draft.ending = null;
  clearLife(turn);
  if (ending === null) return;
  turn.move(ending.trigger, ending.reasonCode, { by: ending.isByDevice ? 'device' : 'hub' });
  const { channelId, source } = draft;
  if (channelId === null || source === null) return;
  tellEnd(
    turn,
    { channelId, transportId: record.transportId, target: source },
    record,
    ending.reasonCode,
  );
}

/** Deadlines and questions of a life that is over. */
export function clearLife({ draft }: Turn): void {
  draft.recoveringSinceMs = null;
  draft.transportlessSinceMs = null;
  draft.carryingSinceMs = null;
  draft.pending = null;
  draft.trial = null;
  draft.earlier = [];
}

export function tellEnd(
  turn: Turn,
  target: Target,
  { sessionId, stateVersion }: SessionRecord,
  reasonCode: ReasonCode,
): void {
  turn.draft.endToldAtMs = turn.nowMs;
  turn.send(target, { type: 'terminate', sessionId, reasonCode, stateVersion });
}
