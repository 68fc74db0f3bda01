/**
 * The first step of a process, and the birth of a session.
 *
 * @module
 */
import { startRecovery } from './die.ts';
import { CONFLICT_PAUSE_MS } from './end.ts';
import type { DeviceEvent } from './event.ts';
import { save } from './save.ts';
import type { Turn } from './turn.ts';

/** A session ends up to this much earlier than its TTL, so that a fleet does not expire at once. */
const TTL_JITTER = 0.1;

/** Every version up to the ceiling on flash may have been used: go on above it, once that is durable. */
export function onBoot(turn: Turn, event: DeviceEvent & { kind: 'boot' }): void {
  const { draft } = turn;
  const remembered = event.remembered;
  draft.seed = event.seed;
  draft.phase = 'reserving';
  draft.stateVersion = remembered?.versionCeiling ?? 0;
  draft.ceiling = draft.stateVersion;
  draft.secret = remembered?.secret ?? null;
  draft.terminated = remembered?.terminated ?? null;
  if (event.wasLost) turn.report('alarm', 'flash_lost');

  const isLive =
    remembered !== null && remembered.sessionId !== null && remembered.terminated === null;
  draft.sessionId = remembered?.sessionId ?? null;
  if (isLive && remembered.secret !== null) resume(turn);
  else if (draft.terminated === 'identity_conflict') stayOut(turn);
  else birth(turn);
}

/** ◆ A restart is no way around the pause after an identity conflict. */
function stayOut(turn: Turn): void {
  const { draft } = turn;
  draft.state = 'TERMINATED';
  draft.reopenAtMs = turn.nowMs + CONFLICT_PAUSE_MS;
  save(turn);
}

/** The same session, another process: what is left of its window decides. */
function resume(turn: Turn): void {
  const { draft } = turn;
  draft.state = 'RECOVERING';
  draft.isResuming = true;
  startRecovery(turn);
  draft.sessionEndsAtMs = sessionEndsAtMs(turn);
  turn.report('notice', 'agent_restarted', { state: 'RECOVERING' });
  save(turn);
}

/** Open a new session that names its predecessor (I2). It is a new session and says so. */
export function birth(turn: Turn): void {
  const { draft } = turn;
  const predecessor = draft.sessionId;
  const endedFor = draft.terminated;
  draft.previousSessionId = predecessor;
  draft.sessionId = turn.deriveHex('session', 16);
  draft.state = 'BIRTH';
  draft.isResuming = false;
  draft.memoryKey = null;
  draft.terminated = null;
  draft.activeId = null;
  draft.formerId = null;
  draft.earlier = [];
  draft.claim = null;
  draft.granted = null;
  draft.triedIds = [];
  draft.reopenAtMs = null;
  draft.recoveryDeadlineAtMs = null;
  draft.transportlessMs = 0;
  draft.transportlessSinceMs = null;
  draft.transportTtlAtMs = null;
  draft.attachedSinceMs = null;
  draft.birthDeadlineAtMs = turn.nowMs + turn.config.limits.birthDeadlineMs;
  draft.sessionEndsAtMs = sessionEndsAtMs(turn);
  if (draft.channel !== null) draft.channel = { ...draft.channel, isBound: false };
  turn.report('notice', 'session_created', {
    previousSessionId: predecessor,
    previousReason: endedFor,
  });
  save(turn);
}

/** When a session that begins now would end, jittered. */
export function sessionEndsAtMs(turn: Turn): number {
  return turn.nowMs + turn.config.limits.sessionTtlMs * (1 - TTL_JITTER * turn.fraction('ttl'));
}
