/**
 * What crosses between the hub's two threads. Small, structured-cloned, never on the packet path.
 *
 * The tunnel thread holds the seats and the keys; the main thread holds the store. A swap travels to
 * the main thread and comes back as `swapped`; no answer in time is the outcome `unknown`.
 *
 * @module
 */
import type { CipherReport } from '../hal/linux/cipherChoice.ts';
import type { Offloads } from '../hal/offloads.ts';
import type { AuditEvent } from '../session/audit.ts';
import type { PlainTimes } from '../session/channel/age.ts';
import type { SeatLimits } from '../session/hub/limits.ts';
import type { SessionRecord } from '../session/hub/record.ts';
import type { SeatStatus } from '../session/hub/seat.ts';
import type { LeaseEffect, LeaseEvent } from '../session/ownership/event.ts';
import type { LeaseConfig } from '../session/ownership/validity.ts';
import type { ReasonCode } from '../session/reasons.ts';
import type { ResendCounters } from '../session/resend/counters.ts';
import type { DataCipher } from '../session/wire/frames.ts';
import type { EnrolledDevice } from './device.ts';
import type { DoorLimits } from './door.ts';
import type { TimeBase } from './time.ts';

/** Everything the tunnel thread starts with; `workerData` of its Worker. */
export interface HubSetup {
  readonly wakeFd: number;
  readonly port: MessagePort;
  readonly privateKey: Uint8Array;
  readonly hubId: string;
  /** Addresses to listen on; null: all of both families. */
  readonly addresses: readonly (string | null)[];
  /** 0: the system chooses (tests). */
  readonly udpPort: number;
  readonly tunName: string;
  readonly mtuBytes: number;
  /** `off`: as if the kernel had no segmentation offloads. */
  readonly offload: 'auto' | 'off';
  /** Slots of 64 KiB for what all peers sealed lately. */
  readonly sealedSlots: number;
  /** What to accept for data: all that this machine has, or one cipher. */
  readonly dataCipher: DataCipher | 'auto';
  readonly time: TimeBase;
  /** Other hubs share the store. Null: it is this hub's alone, and nothing is asked about owners. */
  readonly lease: LeaseConfig | null;
  /** Networks that devices are told to reach through this hub. */
  readonly routes: readonly string[];
  readonly rules: HubRules;
  /** 32 random bytes. */
  readonly seed: Uint8Array;
  readonly plainTimes: PlainTimes;
  readonly devices: readonly EnrolledDevice[];
  readonly records: readonly SessionRecord[];
}

/** The part of the policy that the tunnel thread follows. */
export interface HubRules {
  /** Of what one session sealed lately. */
  readonly resendBufferBytes: number;
  readonly limits: SeatLimits;
  readonly door: DoorLimits;
}

export type ToHub =
  | {
      readonly kind: 'swapped';
      readonly device: string;
      /** Which life of the seat asked: one that was rebuilt does not get its predecessor's answers. */
      readonly life: number;
      readonly swapId: number;
      readonly outcome: 'committed' | 'mismatch' | 'unknown';
      readonly current: SessionRecord | null;
    }
  /** Enrolled, changed or revoked; `record` is what the store holds for it now. */
  | {
      readonly kind: 'device';
      readonly device: EnrolledDevice;
      readonly record: SessionRecord | null;
    }
  | { readonly kind: 'terminate'; readonly device: string; readonly reasonCode: ReasonCode }
  /** Another policy is in force. What it says of buffers waits for the next start. */
  | { readonly kind: 'policy'; readonly rules: HubRules }
  /** The record of a seat that broke, ended by the main thread: begin again with it. */
  | { readonly kind: 'rebuild'; readonly device: string; readonly record: SessionRecord | null }
  /** What the store said to `askLease`. */
  | {
      readonly kind: 'leaseAnswered';
      readonly requestId: number;
      readonly outcome: Extract<LeaseEvent, { kind: 'answered' }>['outcome'];
    }
  /** What one linearizable read for `askOwner` found. */
  | {
      readonly kind: 'owner';
      readonly device: string;
      readonly life: number;
      readonly current: SessionRecord | null;
      readonly isEnded: boolean;
    }
  /** Another hub asks us to release the record of `device`. */
  | {
      readonly kind: 'release';
      readonly device: string;
      readonly ownerEpoch: number;
      readonly isMemory: boolean;
    }
  /** The process ends in order: give the lease back and serve nothing more. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'status'; readonly requestId: number }
  | { readonly kind: 'peers'; readonly requestId: number };

/** What only a store that several hubs share can answer. */
export type SharedQuestion =
  | { readonly kind: 'askLease'; readonly request: Exclude<LeaseEffect, { kind: 'lease' }> }
  /** Answered by `owner`, or lost. */
  | {
      readonly kind: 'askOwner';
      readonly device: string;
      readonly life: number;
      readonly owner: string;
      readonly ownerEpoch: number;
    }
  /** For the seat at the hub `owner`, as its `release`; or lost. */
  | {
      readonly kind: 'askRelease';
      readonly device: string;
      readonly owner: string;
      readonly ownerEpoch: number;
      readonly isMemory: boolean;
    };

export type FromHub =
  | SharedQuestion
  | { readonly kind: 'ready'; readonly tunName: string; readonly udpPort: number }
  | {
      readonly kind: 'swap';
      readonly device: string;
      readonly life: number;
      readonly swapId: number;
      readonly expectedRevision: number;
      readonly record: SessionRecord;
    }
  /** Write the device's record over itself and take it back: all of a swap but its commit. */
  | { readonly kind: 'rehearse'; readonly device: string }
  | { readonly kind: 'audit'; readonly event: AuditEvent }
  /** A seat broke one of its invariants; its session has to end in the store. */
  | { readonly kind: 'violated'; readonly device: string; readonly message: string }
  | { readonly kind: 'status'; readonly requestId: number; readonly status: TunnelStatus }
  | { readonly kind: 'peers'; readonly requestId: number; readonly peers: readonly PeerStatus[] }
  /** The thread cannot go on; the process ends with this sentence. */
  | { readonly kind: 'failed'; readonly message: string; readonly isInvariant: boolean };

export interface TunnelStatus {
  readonly udp_port: number;
  readonly sockets: number;
  readonly peers: { readonly session: number; readonly plain: number };
  readonly sessions: Readonly<Record<string, number>>;
  readonly channels: number;
  readonly handshakes: number;
  readonly is_under_load: boolean;
  readonly offloads: Offloads;
  /** What this machine was found to have for data, and how fast. */
  readonly ciphers: readonly CipherReport[];
  /** Datagrams that found a receive buffer full, as the kernel tells. */
  readonly overflow: number;
  readonly packets: Traffic;
  /** Of all session peers that there are. */
  readonly resend: Readonly<ResendCounters>;
  /** Datagrams and packets not taken, by code. */
  readonly counters: Readonly<Record<string, number>>;
}

export interface Traffic {
  readonly sent: number;
  readonly sent_bytes: number;
  readonly received: number;
  readonly received_bytes: number;
}

export type PeerStatus =
  | {
      readonly mode: 'session';
      readonly name: string;
      readonly seat: SeatStatus;
      readonly traffic: Traffic;
      readonly held: number;
      /** What was sent again after cuts, and what came twice for it. */
      readonly resend: Readonly<ResendCounters>;
    }
  | {
      readonly mode: 'plain';
      readonly name: string;
      readonly device: string;
      readonly endpoint: string | null;
      readonly inner4: string | null;
      readonly inner6: string | null;
      readonly last_handshake_ms: number | null;
      readonly traffic: Traffic;
      readonly held: number;
    };
