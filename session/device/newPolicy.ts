/**
 * Another policy is in force from this step on; the session and its binding stay.
 *
 * The numbers come with `config`, as with every step. What is left to do is what the older policy has set already: bounds
 * that run, penalties, questions that are due. All of it comes sooner where the new policy says so and never later: no row
 * of policies adds up to a bound that is never met (I3), and none ends a fleet's sessions by a time that passed before it
 * came. A policy on trial moves no bound: what it ends does not come back with the policy before. How late silence is noticed from now on is the hub's to know, and told by MTU (`mtu.ts`).
 *
 * Source: docs/protocol.md, "Policy"; docs/decisions/0023-a-policy-while-the-session-lives.md.
 *
 * @module
 */
import { earlier } from '../deadline.ts';
import { sessionEndsAtMs } from './boot.ts';
import { schedule } from './cadence.ts';
import type { DeviceEvent } from './event.ts';
import { probeNow } from './probes.ts';
import type { Transport } from './state.ts';
import type { Turn } from './turn.ts';

export function onPolicy(turn: Turn, event: DeviceEvent & { kind: 'policy' }): void {
  const { draft } = turn;
  turn.report('notice', 'policy_applied', { version: event.version, name: event.name });
  if (event.isOnTrial !== true) boundSooner(turn);
  for (const transport of draft.transports) {
    forgiveSooner(turn, transport);
    askSooner(turn, transport);
  }
  // A policy that keeps the hub from answering is found out soon.
  if (event.isOnTrial === true && draft.activeId !== null) probeNow(turn, draft.activeId);
  // What was denied, or not worth a plan, may be another matter now.
  draft.withheldFor = [];
  if (draft.reviewAtMs !== null) draft.reviewAtMs = turn.nowMs;
}

/** Every bound that runs lasts at most as long as if it began now. */
function boundSooner(turn: Turn): void {
  const { draft, config } = turn;
  const { birthDeadlineMs, recoveryWindowMs, transportTtlMs, degradedMaxMs } = config.limits;
  const within = (atMs: number | null, ms: number) =>
    atMs === null ? null : Math.min(atMs, turn.nowMs + ms);
  draft.birthDeadlineAtMs = within(draft.birthDeadlineAtMs, birthDeadlineMs);
  draft.recoveryDeadlineAtMs = within(draft.recoveryDeadlineAtMs, recoveryWindowMs);
  draft.transportTtlAtMs = within(draft.transportTtlAtMs, transportTtlMs);
  if (draft.state === 'DEGRADED' && degradedMaxMs !== null)
    draft.degradedEndsAtMs = earlier(draft.degradedEndsAtMs, turn.nowMs + degradedMaxMs);
  if (draft.sessionEndsAtMs !== null)
    draft.sessionEndsAtMs = Math.min(draft.sessionEndsAtMs, sessionEndsAtMs(turn));
}

function forgiveSooner(turn: Turn, { transportId, penaltyUntilMs }: Transport): void {
  const untilMs = turn.nowMs + turn.config.limits.penaltyMaxMs;
  if (penaltyUntilMs > untilMs) turn.change(transportId, { penaltyUntilMs: untilMs });
}

/** The cadence of the new policy; what the older one would have asked sooner is asked once more by it. */
function askSooner(turn: Turn, before: Transport): void {
  schedule(turn, before.transportId);
  const after = turn.transport(before.transportId);
  if (after === null || after.probeAtMs === null) return;
  // What was not asked, being forbidden, has not answered either: its hold-down begins with the next answer.
  if (before.probeAtMs === null)
    turn.change(before.transportId, { liveness: { ...after.liveness, stableSinceMs: null } });
  const probeAtMs = earlier(before.probeAtMs, after.probeAtMs);
  const keepaliveAtMs =
    after.keepaliveAtMs === null ? null : earlier(before.keepaliveAtMs, after.keepaliveAtMs);
  turn.change(before.transportId, { probeAtMs, keepaliveAtMs });
}
