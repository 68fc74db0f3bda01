/**
 * The binding is lost: stop sending on it, remember it, and start getting back.
 *
 * @module
 */
import type { ReasonCode } from '../reasons.ts';
import { adoptNext } from './channels.ts';
import type { DeviceEffect } from './event.ts';
import { probeOthers } from './probes.ts';
import type { Device } from './state.ts';
import type { Turn } from './turn.ts';

/** A link's first failure counts against it this long; each further one doubles it (chosen). */
const PENALTY_MIN_MS = 5_000;
/** A link that held this long after its penalty is forgiven its flaps (chosen). */
const FORGIVEN_AFTER_MS = 600_000;
/** The transport TTL starts anew after this long in ATTACHED (docs/protocol.md). */
const PROVEN_AFTER_MS = 10_000;
/** Losses that say nothing against the transport: it is the first to be claimed again. */
const UNSUSPICIOUS: readonly ReasonCode[] = ['binding_lost', 'channel_expired'];

export function die(turn: Turn, reasonCode: ReasonCode): void {
  const { draft } = turn;
  const lostId = draft.activeId;
  if (lostId === null || !turn.move('transport_dead', reasonCode, { transportId: lostId })) return;
  draft.activeId = null;
  draft.heldId = null;
  draft.lostFor = reasonCode;
  draft.formerId = lostId;
  draft.formerUntilMs = turn.nowMs + turn.config.limits.resendMaxAgeMs;
  // ◆ The death of the binding closes whatever claim was open: its answer must not count any more.
  draft.claim = null;
  draft.handshake = null;
  draft.plannedAtMs = null;
  leaveAttached(turn);
  draft.volatileSinceMs = null;
  draft.degradedEndsAtMs = null;
  draft.healthySinceMs = null;
  startRecovery(turn);
  const isSuspect = !UNSUSPICIOUS.includes(reasonCode);
  draft.triedIds = isSuspect ? [lostId] : [];
  if (isSuspect) penalise(turn, lostId);
  // ◆ A grant that waits for flash binds in the channel it came in; the next one has proven nothing yet.
  if (draft.granted === null) adoptNext(turn);
  turn.emit({ kind: 'route', route: null });
  turn.emit(acceptList(draft));
  probeOthers(turn);
}

/** Arm both bounds of being without a binding: this recovery's, and the one over several of them. */
export function startRecovery(turn: Turn): void {
  const { draft } = turn;
  const { recoveryWindowMs, transportTtlMs } = turn.config.limits;
  draft.recoveryDeadlineAtMs = turn.nowMs + recoveryWindowMs;
  draft.transportlessSinceMs = turn.nowMs;
  draft.transportTtlAtMs = turn.nowMs + Math.max(0, transportTtlMs - draft.transportlessMs);
}

/** ATTACHED ends, or lasts long enough to count: ten seconds of it prove the binding. */
export function leaveAttached(turn: Turn): void {
  const { draft } = turn;
  const { attachedSinceMs } = draft;
  draft.attachedSinceMs = null;
  if (attachedSinceMs !== null && turn.nowMs - attachedSinceMs >= PROVEN_AFTER_MS)
    draft.transportlessMs = 0;
}

/** DEGRADED begins, and the time that the policy gives it. */
export function enterDegraded({ draft, config, nowMs }: Turn): void {
  const { degradedMaxMs } = config.limits;
  draft.degradedEndsAtMs = degradedMaxMs === null ? null : nowMs + degradedMaxMs;
}

/** Each flap of a link doubles its penalty up to the policy's limit. */
export function penalise(turn: Turn, transportId: number): void {
  const transport = turn.transport(transportId);
  if (transport === null) return;
  const isForgiven = turn.nowMs - transport.penaltyUntilMs > FORGIVEN_AFTER_MS;
  const flaps = (isForgiven ? 0 : transport.flaps) + 1;
  const penaltyMs = Math.min(
    turn.config.limits.penaltyMaxMs,
    PENALTY_MIN_MS * 2 ** Math.min(flaps - 1, 20),
  );
  turn.change(transportId, {
    flaps,
    penaltyUntilMs: turn.nowMs + penaltyMs,
  });
}

/**
 * Data is taken from the binding, for a little longer from those before it, sent again or not, and from the transport
 * that is claimed: the hub sends on it from its commit on, and the answer may be what gets lost.
 */
export function acceptList(device: Device): DeviceEffect {
  const { activeId, formerId, formerUntilMs, earlier, claim, nowMs } = device;
  const from = new Map<number, number | null>();
  if (activeId !== null) from.set(activeId, null);
  if (claim?.kind === 'reattach') from.set(claim.claim.transportId, null);
  const former = formerId === null ? [] : [{ transportId: formerId, untilMs: formerUntilMs }];
  for (const { transportId, untilMs } of [...earlier, ...former]) {
    if (untilMs > nowMs && !from.has(transportId)) from.set(transportId, untilMs);
  }
  return {
    kind: 'accept',
    from: Array.from(from, ([transportId, untilMs]) => ({ transportId, untilMs })),
  };
}
