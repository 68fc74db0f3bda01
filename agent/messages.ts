/**
 * What crosses between the agent's two threads. Small, structured-cloned, never on the packet path.
 *
 * @module
 */
import type { AuditEvent } from '../session/audit.ts';
import type { PlainTimes } from '../session/channel/age.ts';
import type { Durable, Remembered } from '../session/device/event.ts';
import type { DeviceLimits, LinkPolicy } from '../session/device/limits.ts';
import type { LinkSpending } from '../session/flash/spending.ts';
import type { ReasonCode } from '../session/reasons.ts';
import type { DataCipher, LinkKind } from '../session/wire/frames.ts';
import type { NotRebound } from './denial.ts';
import type { Metering } from './metering.ts';
import type { TunnelStatus } from './status.ts';

/** Everything the tunnel thread starts with; `workerData` of its Worker. */
export interface TunnelSetup {
  readonly wakeFd: number;
  readonly port: MessagePort;
  readonly mode: 'session' | 'plain';
  readonly privateKey: Uint8Array;
  readonly hubPublicKey: Uint8Array;
  readonly psk: Uint8Array;
  /** Canonical `ip:port`, best first; null: a name without an address so far. */
  readonly endpoints: readonly (string | null)[];
  readonly links: readonly { readonly name: string; readonly kind: LinkKind }[];
  readonly tunName: string;
  /** The inner MTU is never above this. */
  readonly mtuMaxBytes: number;
  /** Whether IPv6 may be inside in mode `plain`: then the MTU is never below what that needs. */
  readonly mayHaveIpv6: boolean;
  /** `off`: as if the kernel had no segmentation offloads. */
  readonly offload: 'auto' | 'off';
  /** What to offer for data: what this machine does fastest, or one cipher. */
  readonly dataCipher: DataCipher | 'auto';
  /** 0: none. */
  readonly mark: number;
  readonly rules: TunnelRules;
  /** Budgets of links and what is known of them; left out: no link has one. */
  readonly metering?: Metering;
  /** 32 random bytes. */
  readonly seed: Uint8Array;
  readonly remembered: Remembered | null;
  readonly wasLost: boolean;
  readonly clock: TimestampGrant;
  /** Timers of mode `plain`. */
  readonly plainTimes: PlainTimes;
}

/** The part of the policy that the tunnel thread follows. */
export interface TunnelRules {
  readonly limits: DeviceLimits;
  readonly linkPolicies: Readonly<Record<string, LinkPolicy>>;
  readonly resendBufferBytes: number;
}

/** Handshake timestamps from `fromMs` on may be used, up to the durable `untilMs` (wall time). */
export interface TimestampGrant {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Other keys, or the reason for which the session is to end. */
export type Order = 'rotate' | Extract<ReasonCode, 'command_terminated' | 'operator_terminated'>;

export type NotOrdered = 'plain' | 'session_over' | 'no_binding';

export type ToTunnel =
  | { readonly kind: 'persisted'; readonly ticket: number; readonly isDurable: boolean }
  /** Null: they could not be made durable, none of them may be used. */
  | { readonly kind: 'timestamps'; readonly grant: TimestampGrant | null }
  /** The process ends, and so does its session, with the reason `shutdown`. */
  | { readonly kind: 'stop' }
  /** What names stand for now, in the order of the setup. */
  | { readonly kind: 'endpoints'; readonly endpoints: readonly (string | null)[] }
  | { readonly kind: 'rebind'; readonly requestId: number; readonly linkName: string }
  /** Ends the session and not the process, or asks for other keys of the channel. */
  | { readonly kind: 'order'; readonly requestId: number; readonly order: Order }
  /** Another policy, admitted and durable. What it says of buffers waits for the next start. */
  | {
      readonly kind: 'policy';
      readonly version: number;
      readonly name: string;
      readonly rules: TunnelRules;
      readonly metering: Metering;
      /**
       * It is on trial: how long the session has to hold under it before `proven` is told (`proven.ts`). Confirmed, it is told once more
       * without this.
       */
      readonly trialHoldMs?: number;
    }
  | { readonly kind: 'status'; readonly requestId: number };

export type FromTunnel =
  | { readonly kind: 'ready'; readonly tunName: string }
  | { readonly kind: 'persist'; readonly ticket: number; readonly durable: Durable }
  /** Timestamps run low, or the hub's clock hint showed that ours are too old. */
  | { readonly kind: 'reserveTimestamps'; readonly atLeastMs: number }
  | {
      readonly kind: 'assign';
      readonly inner4: string | null;
      readonly inner6: string | null;
      readonly routes: readonly string[];
      readonly cipher: DataCipher;
    }
  /** The largest inner packet from now on; the first comes right behind `ready`. */
  | { readonly kind: 'mtu'; readonly mtuBytes: number }
  | { readonly kind: 'audit'; readonly event: AuditEvent }
  /** What metered links have spent, to be remembered. Not answered: the next one says it all again. */
  | { readonly kind: 'spent'; readonly links: readonly LinkSpending[] }
  /** The session has held under the policy on trial (`proven.ts`). Once. */
  | { readonly kind: 'proven'; readonly version: number }
  /** Asked to end a session that had ended already, or what has none: mode `plain`. */
  | { readonly kind: 'over' }
  | { readonly kind: 'status'; readonly requestId: number; readonly status: TunnelStatus }
  /** Why the rebind was not planned; null: its claim is under way. */
  | { readonly kind: 'rebind'; readonly requestId: number; readonly denied: NotRebound | null }
  /** Why nothing was begun; null: it is under way, and an event says what came of it. */
  | { readonly kind: 'order'; readonly requestId: number; readonly denied: NotOrdered | null }
  /** The thread cannot go on; the process ends with this sentence. */
  | { readonly kind: 'failed'; readonly message: string; readonly isInvariant: boolean };
