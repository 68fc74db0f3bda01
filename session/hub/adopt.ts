/**
 * The store holds another record than we thought: another hub, our own former self, or an operator
 * wrote it. What we know of the binding goes; what the record says counts.
 *
 * @module
 */
import { equalBytes } from '../bytes.ts';
import { isSameClaim } from '../claim.ts';
import { clearLife } from './ending.ts';
import type { SessionRecord } from './record.ts';
import { type Ending, isLive } from './state.ts';
import type { Turn } from './turn.ts';

export function adopt(turn: Turn, current: SessionRecord | null): void {
  const { draft, config } = turn;
  const before = draft.record;
  draft.record = current;
  draft.hubSeq = Math.max(draft.hubSeq, current?.hubSeq ?? 0);
  const isOurs = draft.isOwner || current?.owner === config.hubId;
  if (before !== null && current !== null && isSameLife(before, current) && isOurs) return;
  forget(turn, before, current);
  if (!isLive(current) || isOutlived(draft.ending, before, current)) draft.ending = null;
  if (current === null) {
    draft.isOwner = true;
    draft.state = null;
  } else if (current.terminated === null) follow(turn, current);
  else if (draft.state === null) draft.state = 'TERMINATED';
  else if (draft.state !== 'TERMINATED') {
    turn.move('operator_terminated', current.terminated, { by: 'store' });
  }
}

function isSameLife(before: SessionRecord, current: SessionRecord): boolean {
  return isSameClaim(before.claim, current.claim) && before.terminated === current.terminated;
}

/** ◆ A bound that was met, or an end that was wished, is of that life; another hub may have saved the session meanwhile. */
function isOutlived(
  ending: Ending | null,
  before: SessionRecord | null,
  current: SessionRecord,
): boolean {
  if (before?.sessionId !== current.sessionId) return true;
  return (
    ending?.trigger === 'recovery_window_exceeded' || ending?.trigger === 'transport_ttl_expired'
  );
}

/** Whoever wrote it knew other channels; only the holder of its memory key may go on with ours. */
function forget(turn: Turn, before: SessionRecord | null, current: SessionRecord | null): void {
  const { draft } = turn;
  clearLife(turn);
  draft.answer = null;
  draft.isConfirmed = false;
  draft.channelId = null;
  draft.source = null;
  draft.isSourceValidated = false;
  if (before !== null && current !== null && equalBytes(before.memoryKey, current.memoryKey))
    return;
  draft.channels = draft.channels.map((channel) => ({ ...channel, isProven: false }));
}

/** A session goes on that we did not commit: as after a restart, until its binding is heard. */
function follow(turn: Turn, { recoveringSinceMs, transportlessSinceMs }: SessionRecord): void {
  const { draft } = turn;
  const { nowMs } = draft;
  if (draft.state === null || draft.state === 'TERMINATED') {
    draft.state = 'BIRTH';
    turn.move('attach_accepted', 'attach_accepted', { by: 'store' });
  }
  if (draft.state === 'ATTACHED') turn.move('transport_dead', 'binding_lost', { by: 'store' });
  draft.recoveringSinceMs = recoveringSinceMs ?? nowMs;
  draft.transportlessSinceMs = transportlessSinceMs ?? nowMs;
}
