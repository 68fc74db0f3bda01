/**
 * Handshakes: started for a first channel, for fresh keys, or because the hub may have lost ours.
 *
 * Repeated with growing pauses until a channel is up or nobody wants one any more.
 *
 * @module
 */
import { TIMEOUT_MAX_MS, timeoutMs } from '../liveness/rtt.ts';
import type { Turn } from './turn.ts';

/** Curve arithmetic on a small ARM core takes its time; a repeat before that doubles it (chosen). */
const PAUSE_MIN_MS = 250;
const PAUSE_MAX_MS = 5_000;
const GROWTH = 1.5;

export function shakeHands(turn: Turn, transportId: number, tries: number): void {
  const rtt = turn.transport(transportId)?.liveness.rtt ?? null;
  const firstMs = Math.max(PAUSE_MIN_MS, Math.min(TIMEOUT_MAX_MS, timeoutMs(rtt)));
  // A response counts for the newest initiation only. Each turn in vain gives the next one more time for it: a round trip
  // of a second is slow and not dead.
  const turns = turn.draft.triedIds.filter((id) => id === transportId).length;
  const pauseMs = Math.min(PAUSE_MAX_MS, firstMs * GROWTH ** (tries + turns));
  turn.draft.handshake = { transportId, tries: tries + 1, repeatAtMs: turn.nowMs + pauseMs };
  turn.emit({ kind: 'handshake', transportId });
}

/** Send it again when it is due. */
export function repeatHandshake(turn: Turn): void {
  const shaking = turn.draft.handshake;
  if (shaking === null || shaking.repeatAtMs > turn.nowMs) return;
  shakeHands(turn, shaking.transportId, shaking.tries);
}

/** While data flows: the keys want to be replaced, and so they are, on the binding. */
export function renew(turn: Turn): void {
  const { draft } = turn;
  const { activeId, handshake } = draft;
  if (activeId === null) return;
  if (draft.channel?.isDue !== true || draft.nextChannel !== null) draft.handshake = null;
  else if (handshake?.transportId !== activeId) shakeHands(turn, activeId, 0);
  else repeatHandshake(turn);
}
