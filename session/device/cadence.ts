/**
 * When a transport is asked next: what it is now decides, and what travels or is in doubt.
 *
 * Source: docs/protocol.md, "Liveness", the table at its end.
 *
 * @module
 */
import { costOf, preferenceOf } from './choice.ts';
import { runMinMs } from './missRun.ts';
import { idlePauseMs, isBusy, isFlowing, lingerPauseMs } from './pace.ts';
import type { Transport } from './state.ts';
import type { Turn } from './turn.ts';

const BURST_PROBE_MIN_MS = 10;
const BURST_PROBE_MAX_MS = 50;
/** Candidates are asked this often while the binding is in doubt or lost. */
export const DOUBT_CANDIDATE_MS = 100;
/** While nothing answers, candidates are asked ever more rarely, down to this (chosen). */
const DOUBT_CANDIDATE_MAX_MS = 1_600;
/** A preferred candidate proves its stability at this pace, and every one while the binding is bad. */
const CANDIDATE_PROBE_MS = 1_000;
/** A bad binding is asked at least this often, so that its quality stays known (chosen). */
const UNSTEADY_PROBE_MS = 500;

/** Set a transport's next probe and keepalive from what it is now. */
export function schedule(turn: Turn, transportId: number): void {
  const { draft, config } = turn;
  const transport = turn.transport(transportId);
  if (transport === null) return;
  if (draft.state === 'TERMINATED' || draft.channel === null || !mayAsk(turn, transport)) {
    turn.change(transportId, { probeAtMs: null, keepaliveAtMs: null });
    return;
  }
  const isActive = transportId === draft.activeId;
  const pauseMs = isActive ? activePauseMs(turn, transport) : standbyPauseMs(turn, transport);
  const isMetered = costOf(transport, config) === 'metered';
  // Asked just now or about to be: whatever is sent keeps the NAT mapping, so the keepalive starts anew.
  const keepaliveAtMs =
    isActive && isMetered ? turn.nowMs + config.limits.meteredKeepaliveMs : null;
  turn.change(transportId, { probeAtMs: turn.nowMs + pauseMs, keepaliveAtMs });
}

/** A link that may never be used is not asked, as it is not chosen; the binding is until it is left. */
export function mayAsk({ draft, config }: Turn, transport: Transport): boolean {
  if (transport.unusable !== null) return false;
  return transport.transportId === draft.activeId || costOf(transport, config) !== 'never';
}

function activePauseMs(turn: Turn, transport: Transport): number {
  if (transport.liveness.isDoubted) {
    // One question right when the run gets long enough: its miss is the verdict.
    const endsAtMs = (transport.liveness.unansweredSinceMs ?? 0) + runMinMs(turn, transport);
    const pauseMs = burstPauseMs(transport);
    return endsAtMs > turn.nowMs ? Math.min(pauseMs, endsAtMs - turn.nowMs) : pauseMs;
  }
  const isMetered = costOf(transport, turn.config) === 'metered';
  // Metered: the question beside the last data was the proof; then it is idle.
  if (isBusy(turn) && !isMetered) return lingerPauseMs(turn, transport);
  return quietPauseMs(turn, transport);
}

/** While nothing travels and nothing is in doubt. */
function quietPauseMs(turn: Turn, transport: Transport): number {
  const { limits } = turn.config;
  const idleMs = idlePauseMs(transport, turn.config);
  if (turn.draft.state === 'ATTACHED') return idleMs;
  const isMetered = costOf(transport, turn.config) === 'metered';
  return Math.min(idleMs, isMetered ? limits.heartbeatIdleMs : UNSTEADY_PROBE_MS);
}

/** Between two questions to a binding that is in doubt. */
export function burstPauseMs({ liveness: { rtt } }: Transport): number {
  const srttMs = rtt?.srttMs ?? BURST_PROBE_MAX_MS;
  return Math.min(BURST_PROBE_MAX_MS, Math.max(BURST_PROBE_MIN_MS, srttMs / 8));
}

function standbyPauseMs(turn: Turn, transport: Transport): number {
  const { draft, config } = turn;
  const active = turn.transport(draft.activeId);
  if (active === null || active.liveness.isDoubted) {
    const doublings = Math.min(transport.liveness.missedInRow, 4);
    return Math.min(DOUBT_CANDIDATE_MAX_MS, DOUBT_CANDIDATE_MS * 2 ** doublings);
  }
  const isMetered = costOf(transport, config) === 'metered';
  const isPreferred = preferenceOf(transport, config) < preferenceOf(active, config);
  if (draft.state === 'VOLATILE' || (draft.state === 'DEGRADED' && !isMetered))
    return CANDIDATE_PROBE_MS;
  const usualMs = isMetered ? config.limits.meteredStandbyProbeMs : config.limits.standbyProbeMs;
  // Where nothing but a failure leads back to it, it has nothing to prove.
  const isStaying = draft.heldId !== null || config.limits.failback === 'on_failure';
  if (!isPreferred || isMetered || isStaying) return usualMs;
  // One that leads nowhere proves nothing: it is asked ever more rarely, down to what any other is.
  const doublings = Math.max(0, transport.liveness.missedInRow - 1);
  return Math.min(usualMs, CANDIDATE_PROBE_MS * 2 ** doublings);
}

/**
 * Small talk, and what was asked at its end is answered: that was the proof. It is asked once more when the policy takes the
 * talk to be over, for an answer to come may be what the talk waits for; then it is idle.
 */
export function endTalk(turn: Turn, transportId: number, questionSentAtMs: number): void {
  const transport = turn.transport(transportId);
  const { trafficAtMs } = turn.draft;
  if (transport === null || trafficAtMs === null || !isBusy(turn) || isFlowing(turn)) return;
  if (costOf(transport, turn.config) === 'metered' || questionSentAtMs < trafficAtMs) return;
  const idleAtMs = (transport.liveness.askedAtMs ?? turn.nowMs) + quietPauseMs(turn, transport);
  const overAtMs = trafficAtMs + turn.config.limits.activeLingerMs;
  turn.change(transportId, { probeAtMs: Math.max(turn.nowMs, Math.min(idleAtMs, overAtMs)) });
}
