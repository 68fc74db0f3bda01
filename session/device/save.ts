/**
 * What must be durable, and when: version ceilings, the session's name, its resumption secret.
 *
 * Before version V is used a ceiling ≥ V is durable; the session id is durable before the first
 * ATTACH; a new secret is durable before data flows (docs/protocol.md, "state_version").
 *
 * @module
 */

import { VERSIONS } from '../flash/reservation.ts';
import { attachGranted } from './attach.ts';
import { onEndWanted } from './end.ts';
import type { Durable } from './event.ts';
import type { Turn } from './turn.ts';

/** Versions reserved by one write. */
export const BLOCK_VERSIONS = VERSIONS.block;
/** The last few of a block stay free for transitions: dying and ending never wait for flash. */
export const VERSIONS_KEPT = 16;
const RETRY_WRITE_MS = 1_000;

/** Write what there is to remember, or remember to write it when the write under way is done. */
export function save(turn: Turn): void {
  const { draft } = turn;
  if (draft.writing !== null) {
    draft.pendingWrite = true;
    return;
  }
  const isLow = draft.ceiling - draft.stateVersion < BLOCK_VERSIONS / 2;
  const durable: Durable = {
    versionCeiling: isLow
      ? Math.max(draft.ceiling, draft.stateVersion) + BLOCK_VERSIONS
      : draft.ceiling,
    sessionId: draft.sessionId,
    secret: secretToKeep(draft),
    terminated: draft.terminated,
    inner4: draft.granted?.inner4 ?? draft.inner4,
    inner6: draft.granted?.inner6 ?? draft.inner6,
  };
  draft.ticket += 1;
  draft.writing = { ticket: draft.ticket, durable };
  draft.pendingWrite = false;
  draft.retryWriteAtMs = null;
  turn.emit({ kind: 'persist', ticket: draft.ticket, durable });
}

/**
 * A session that was never granted has no secret: the one we still hold is its predecessor's and
 * proves the right to follow it, but a restarted process must not try to resume with it.
 */
function secretToKeep(draft: Turn['draft']): Uint8Array | null {
  if (draft.granted !== null) return draft.granted.secret;
  return draft.state === 'BIRTH' ? null : draft.secret;
}

/** The answer to a `persist`. A failed write is said, counted and tried again; nothing moves on it. */
export function onPersisted(turn: Turn, ticket: number, isDurable: boolean): void {
  const { draft } = turn;
  const written = draft.writing;
  if (written === null || written.ticket !== ticket) return;
  draft.writing = null;
  if (!isDurable) {
    turn.report('alarm', 'flash_write_failed');
    draft.retryWriteAtMs = turn.nowMs + RETRY_WRITE_MS;
    return;
  }
  draft.ceiling = Math.max(draft.ceiling, written.durable.versionCeiling);
  draft.savedSessionId = written.durable.sessionId;
  if (draft.phase === 'reserving') draft.phase = 'running';
  if (draft.endWanted !== null) onEndWanted(turn, draft.endWanted);
  if (draft.granted !== null && written.durable.secret === draft.granted.secret)
    attachGranted(turn);
  if (draft.pendingWrite) save(turn);
}

/** Reserve more versions well before the block is used up. */
export function reserveAhead(turn: Turn): void {
  const { draft } = turn;
  if (draft.phase !== 'running' || draft.writing !== null || draft.retryWriteAtMs !== null) return;
  if (draft.ceiling - draft.stateVersion < BLOCK_VERSIONS / 2) save(turn);
}

export function retryWrite(turn: Turn): void {
  const { retryWriteAtMs } = turn.draft;
  if (retryWriteAtMs !== null && retryWriteAtMs <= turn.nowMs) save(turn);
}

/** Whether a claim may be opened, or a session. */
export function hasVersionsLeft({ draft }: Turn): boolean {
  return draft.phase === 'running' && draft.ceiling - draft.stateVersion > VERSIONS_KEPT;
}
