/**
 * What a run is like before anything goes wrong. Plain data, all of it drawn from the seed.
 *
 * @module
 */
import type { LinkKind } from '../../session/wire/frames.ts';

export interface LinkPlan {
  readonly name: string;
  readonly kind: LinkKind;
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly lossPercent: number;
  readonly duplicatePercent: number;
  readonly reorderPercent: number;
  /** 0: without a limit. */
  readonly kbitPerSecond: number;
  readonly mtuBytes: number;
}

export interface ClockPlan {
  /** Wall time at the begin; a gateway without a battery begins in 1970. */
  readonly wallMs: number;
  readonly driftPpm: number;
}

export interface DevicePlan {
  readonly links: readonly LinkPlan[];
  readonly clock: ClockPlan;
}

export interface HubPlan {
  /** On how many addresses it listens. */
  readonly addresses: number;
  readonly clock: ClockPlan;
}

/** Profiles that are shipped, and the default with hold-downs that minutes can see the end of. */
export const POLICY_VARIANTS = [
  'quick',
  'balanced',
  'vehicle',
  'metered-lte',
  'low-power',
  'strict',
] as const;
/** The last of them is never drawn: a scenario has it. */
export type PolicyVariant = (typeof POLICY_VARIANTS)[number] | 'staying';

export interface TrafficPlan {
  /** Between two beats; 0: none but the probes of the last phase. */
  readonly gapMs: number;
  /** Packets a beat, each way. */
  readonly packets: number;
  readonly bytes: number;
  /** Beats and pauses in turn, so that idle phases exist; 0: no pauses. */
  readonly pauseMs: number;
}

export interface Options {
  readonly devices: readonly DevicePlan[];
  readonly hubs: readonly HubPlan[];
  /** Hubs serve under leases; always so where there are several. */
  readonly isLeased: boolean;
  /** `fast`: stand-ins for X25519 and the ciphers, of the same lengths. */
  readonly primitives: 'fast' | 'real';
  readonly policy: PolicyVariant;
  readonly traffic: TrafficPlan;
  readonly storeDelayMs: number;
  readonly flashWriteMs: number;
  readonly chaosMs: number;
  /** What goes into a tun has to come out at the other end: every fault is one that handovers make good. */
  readonly losesNothing?: true;
  /** Nothing ends a session, however idle its device is: hubs restart, and that is all that goes wrong. */
  readonly keepsSessions?: true;
}
