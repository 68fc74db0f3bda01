/**
 * TERMINATED, and what may follow it.
 *
 * @module
 */
import type { ReasonCode } from '../reasons.ts';
import type { Trigger } from '../transitions.ts';
import { birth } from './boot.ts';
import { adoptNext, dropChannels } from './channels.ts';
import { hasUsable } from './deadlines.ts';
import { hasVersionsLeft, save } from './save.ts';
import type { Turn } from './turn.ts';

const REOPEN_MIN_MS = 1_000;
const REOPEN_MAX_MS = 60_000;
/** ◆ Somebody else holds this identity: the refused side keeps quiet for ten minutes. */
export const CONFLICT_PAUSE_MS = 600_000;

/** End the session with a reason, tell the hub once, and set when a new one may be opened. */
export function end(
  turn: Turn,
  trigger: Trigger,
  reasonCode: ReasonCode,
  isToldByHub = false,
): void {
  const { draft } = turn;
  if (draft.phase !== 'running') {
    // No version is reserved yet, so nothing can move; the end is the first thing that will.
    draft.endWanted = reasonCode;
    return;
  }
  const lastId = draft.activeId ?? draft.claim?.claim.transportId ?? draft.formerId;
  if (!turn.move(trigger, reasonCode)) return;
  tellHub(turn, lastId, reasonCode, isToldByHub);
  draft.terminated = reasonCode;
  draft.activeId = null;
  draft.heldId = null;
  draft.formerId = null;
  draft.earlier = [];
  draft.claim = null;
  draft.granted = null;
  draft.handshake = null;
  draft.endWanted = null;
  draft.slotAtMs = null;
  draft.plannedAtMs = null;
  draft.memoryKey = null;
  draft.birthDeadlineAtMs = null;
  draft.recoveryDeadlineAtMs = null;
  draft.sessionEndsAtMs = null;
  draft.transportlessSinceMs = null;
  draft.transportTtlAtMs = null;
  draft.attachedSinceMs = null;
  draft.reviewAtMs = null;
  draft.claimNotBeforeMs = 0;
  draft.planNotBeforeMs = 0;
  draft.transports = draft.transports.map((transport) => ({
    ...transport,
    probeAtMs: null,
    keepaliveAtMs: null,
    claimNotBeforeMs: 0,
  }));
  if (reasonCode === 'identity_conflict') dropChannels(turn);
  else adoptNext(turn);
  draft.reopenAtMs = reopenAtMs(turn, reasonCode);
  draft.reopens += 1;
  turn.emit({ kind: 'route', route: null });
  turn.emit({ kind: 'accept', from: [] });
  save(turn);
}

function tellHub(
  turn: Turn,
  lastId: number | null,
  reasonCode: ReasonCode,
  isToldByHub: boolean,
): void {
  const { draft } = turn;
  const isOurs = draft.channel?.isBound === true && reasonCode !== 'identity_conflict';
  if (
    isToldByHub ||
    !isOurs ||
    draft.channel === null ||
    lastId === null ||
    draft.sessionId === null
  )
    return;
  turn.emit({
    kind: 'send',
    channelId: draft.channel.channelId,
    transportId: lastId,
    frame: {
      type: 'terminate',
      sessionId: draft.sessionId,
      reasonCode,
      stateVersion: draft.stateVersion,
    },
  });
}

/** Backoff with jitter, so that a fleet that lost its hub does not return in one wave. */
function reopenAtMs(turn: Turn, reasonCode: ReasonCode): number | null {
  if (reasonCode === 'shutdown' || reasonCode === 'invariant_violated') return null;
  if (reasonCode === 'identity_conflict') return turn.nowMs + CONFLICT_PAUSE_MS;
  const pauseMs = Math.min(REOPEN_MAX_MS, REOPEN_MIN_MS * 2 ** Math.min(turn.draft.reopens, 6));
  return turn.nowMs + pauseMs * (0.5 + 0.5 * turn.fraction('reopen'));
}

/** An operator, or the supervisor that stops us: ends what lives, and keeps the dead from rising. */
export function onEndWanted(turn: Turn, reasonCode: ReasonCode): void {
  const { draft } = turn;
  if (draft.state === 'TERMINATED' && reasonCode === 'shutdown') draft.reopenAtMs = null;
  else end(turn, 'operator_terminated', reasonCode);
}

/** Open the next session when its time has come and its versions are reserved. */
export function reopen(turn: Turn): void {
  const { draft } = turn;
  if (draft.state !== 'TERMINATED' || draft.phase !== 'running') return;
  if (draft.reopenAtMs === null || draft.reopenAtMs > turn.nowMs || !hasUsable(draft)) return;
  if (!hasVersionsLeft(turn) || draft.writing !== null) {
    draft.reopenAtMs = turn.nowMs + REOPEN_MIN_MS;
    return;
  }
  birth(turn);
}
