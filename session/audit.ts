/**
 * The audit event: one for every transition, claim, switch and refusal.
 *
 * The stream alone is enough to rebuild the life of a session (docs/protocol.md, "Audit events").
 * The core fills everything but `seq`, `tsMs` and `policyVersion`, which the shell stamps.
 *
 * @module
 */
import type { ReasonCode } from './reasons.ts';
import type { State } from './transitions.ts';

export const AUDIT_KINDS = [
  'transition', // the state changed
  'claim', // a claim was sent (device) or judged (hub)
  'switch', // the committed transport changed
  'refusal', // a claim was refused
  'notice', // worth knowing, changes no state
  'alarm', // an operator has to look
] as const;
export type AuditKind = (typeof AUDIT_KINDS)[number];

export interface AuditEvent {
  readonly event: AuditKind;
  readonly atMs: number;
  readonly reasonCode: ReasonCode;
  /** The device's public key, base64. */
  readonly device: string;
  readonly sessionId: string | null;
  readonly from: State | null;
  readonly to: State | null;
  readonly stateVersion: number;
  readonly hubSeq: number;
  readonly ownerEpoch: number;
  /** `link→endpoint`, or null where none is meant. */
  readonly transport: string | null;
  /** Free facts with stable keys, for people and for the auditor. Never a secret. */
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
}
