/**
 * What a device's process in the simulator is made of, and how it may end.
 *
 * @module
 */
import type { FromTunnel } from '../../../agent/messages.ts';
import type { OpenSocket } from '../../../agent/uplinks.ts';
import type { Clock } from '../../../hal/clock.ts';
import type { Flash } from '../../../hal/flash.ts';
import type { LinkSnapshot } from '../../../hal/links.ts';
import type { RandomBytes } from '../../../hal/means.ts';
import type { Tun } from '../../../hal/tun.ts';
import type { Policy } from '../../../policies/schema.ts';
import type { Identity } from '../../../policies/signed/admit.ts';
import type { Sign1 } from '../../../policies/signed/envelope.ts';
import type { AuditEvent } from '../../../session/audit.ts';
import type { LinkKind } from '../../../session/wire/frames.ts';
import type { Primitives } from './primitives.ts';

export type AgentExit =
  | 'policyRefused' // older than one that was in force (I4)
  | 'flashFailed' // the policy or the timestamps cannot be made durable
  | 'stopped' // SIGTERM, the end is durable
  | 'stoppedLate' // SIGTERM, but the end was not durable in time
  | 'violated'; // an invariant broke

/** What an agent takes signed documents with. */
export interface Pushing {
  /** Of `PUSH_RECORD_BYTES` (policies/signed/record.ts). */
  readonly flash: Flash;
  /** Public key, base64. */
  readonly device: string;
  readonly identity: Identity;
  /** 32 bytes each. */
  readonly signers: readonly Uint8Array[];
  readonly sign1: Pick<Sign1, 'verify'>;
}

export interface AgentParts {
  readonly name: string;
  readonly identity: {
    readonly privateKey: Uint8Array;
    readonly hubPublicKey: Uint8Array;
    readonly psk: Uint8Array;
  };
  /** Canonical `ip:port`, best first. */
  readonly endpoints: readonly string[];
  readonly links: readonly { readonly name: string; readonly kind: LinkKind }[];
  readonly mtuMaxBytes: number;
  /** Read at each boot. */
  readonly policy: () => Policy;
  readonly primitives: Primitives;
  readonly clock: Clock;
  readonly openSocket: OpenSocket;
  readonly tun: Tun;
  /** Of `FLASH_SLOT_BYTES` (agent/memory.ts). */
  readonly flash: Flash;
  /** Of `SPENDING_BYTES` (session/flash/spending.ts); opened only where a link has a budget. */
  readonly spendingFlash: Flash;
  /** Asked at each boot, and when a document arrives. Left out, or null: it takes none. */
  readonly pushing?: () => Pushing | null;
  readonly snapshots: () => readonly LinkSnapshot[];
  readonly random: RandomBytes;
  /**
   * Call `work` once, after the time that the main thread needs for it (a slow flash). Never called again
   * before that. Called after the process died it does nothing.
   */
  readonly mainThread: (work: () => void) => void;
  readonly onAudit: (event: AuditEvent) => void;
  readonly onExit: (exit: AgentExit) => void;
  /** A broken invariant: a finding. */
  readonly onViolation: (claim: string) => void;
  /** Inner addresses for the tun; a later one replaces them. */
  readonly onAssign?: (inner: Extract<FromTunnel, { kind: 'assign' }>) => void;
}
