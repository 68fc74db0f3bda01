/**
 * Which reason codes say what: why a session moved, what is a sign of replay, what of a stolen identity. Pure.
 *
 * Devices alone are heard here: what only a hub sees is in its own metrics.
 *
 * Source: docs/operating.md, "5. Replay and hijack" and "6. Ownership ambiguity".
 *
 * @module
 */
import { REASONS_BY_MOMENT, type ReasonCode, reasonOf } from '../session/reasons.ts';

/** Something old came again and was refused; beside these the datagrams that a device refused (`packets.refused`). */
export const REPLAY_SIGNS: ReadonlySet<string> = new Set<ReasonCode>(['stale_state_version']);

/** Somebody else may hold the keys, or wants the traffic. */
export const HIJACK_SIGNS: ReadonlySet<string> = new Set<ReasonCode>([
  'bad_proof',
  'identity_conflict',
  'ownership_conflict',
  'security_failure',
  'version_adopted',
]);

/** A transport died under a session: what the playbook calls TRANSPORT_DEAD. */
export const DEAD_TRANSPORTS: ReadonlySet<string> = new Set<ReasonCode>([
  ...(['carrier_lost', 'address_lost', 'route_lost', 'heartbeat_timeout', 'one_way_out'] as const),
  ...(['local_send_error', 'binding_lost', 'channel_expired'] as const),
]);

/** A rule did not allow a switch now: of the device, or of its hub. */
export const DENIED_SWITCHES: ReadonlySet<string> = new Set<ReasonCode>([
  ...(['switch_denied', 'switch_rate_limited', 'cooldown_active'] as const),
]);

/** Counted for the whole fleet over time. */
export const isWatched = (code: string): boolean =>
  DEAD_TRANSPORTS.has(code) || DENIED_SWITCHES.has(code);

/** Of what is kept by code, the entries of these. */
export function only<T>(
  byCode: Readonly<Record<string, T>>,
  codes: ReadonlySet<string>,
): Record<string, T> {
  return Object.fromEntries(Object.entries(byCode).filter(([code]) => codes.has(code)));
}

/** An end without a reason, which no agent makes. */
export const NO_REASON = 'no_reason_given';
/** Of codes that this version does not know, those for which there is no row. */
export const OTHER_REASONS = 'other_reasons';

/** Reports of two processes in turn under one name. */
export const TWO_PROCESSES = 'two_processes';

/** Why a binding is left or a state changes, the plainest first: with several at once, the first is named. */
export const CAUSES: readonly ReasonCode[] = [
  ...(['operator_terminated', 'operator_rebind', 'budget_spent', 'carrier_lost'] as const),
  ...(['address_lost', 'route_lost', 'one_way_out', 'one_way_in', 'heartbeat_timeout'] as const),
  ...(['local_send_error', 'binding_lost', 'agent_restarted', 'failback'] as const),
  ...(['quality_loss', 'quality_rtt', 'quality_jitter', 'volatility_persisted'] as const),
  ...(['quality_restored', 'reattach_accepted', 'attach_accepted'] as const),
];

export const isRefusal = (code: string): boolean => Object.hasOwn(REASONS_BY_MOMENT.refusals, code);

/** Everyday events of 10,000 devices would fill the history: what is worth a look stays. */
export function isNoticed(code: string): boolean {
  const { severity } = reasonOf(code as ReasonCode);
  return severity === 'warning' || severity === 'alarm';
}
