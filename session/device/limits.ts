/**
 * What the device's session needs to know besides its events: who it is and the policy's numbers.
 *
 * Given anew with every step, so that a policy change takes effect without touching the state.
 * Meaning, unit, default and range of each number: policies/schema.ts.
 *
 * @module
 */
import type { DataCipher, LinkKind } from '../wire/frames.ts';

export type CostClass = 'free' | 'metered' | 'never';

export interface LinkPolicy {
  /** Lower is preferred. */
  readonly preference: number;
  readonly cost: CostClass;
  /** The budget of its day is used up: left if there is anywhere else to go. Left out: it is not. */
  readonly isSpent?: boolean;
}

export interface DeviceConfig {
  /** The device's static public key, base64. */
  readonly device: string;
  /** What is offered, the fastest here first. */
  readonly ciphers: readonly DataCipher[];
  /** The inner MTU is never above this; the configuration's `tunnel.mtu`. */
  readonly mtuMaxBytes: number;
  readonly limits: DeviceLimits;
  /** What policy says of one link; never null, kinds have defaults. */
  readonly linkPolicy: (name: string, kind: LinkKind) => LinkPolicy;
}

export interface DeviceLimits {
  readonly sessionTtlMs: number;
  readonly transportTtlMs: number;
  readonly recoveryWindowMs: number;
  readonly birthDeadlineMs: number;
  /** Traffic younger than this keeps the active cadence. */
  readonly activeLingerMs: number;
  readonly heartbeatIdleMs: number;
  readonly meteredKeepaliveMs: number;
  readonly standbyProbeMs: number;
  readonly meteredStandbyProbeMs: number;
  readonly deadAfterMissed: number;
  readonly quality: QualityLimits;
  readonly volatileToDegradedMs: number;
  /** Whether a session that stays DEGRADED this long ends; null: never (the default). */
  readonly degradedMaxMs: number | null;
  readonly maxSwitchesPerMinute: number;
  readonly cooldownMs: number;
  readonly failback: 'always' | 'better' | 'on_failure';
  readonly failbackStableMs: number;
  readonly penaltyMaxMs: number;
  readonly improvementPercent: number;
  readonly resendMaxAgeMs: number;
}

export interface QualityLimits {
  readonly lossEnterPercent: number;
  readonly lossLeavePercent: number;
  readonly rttEnterMs: number;
  readonly rttLeaveMs: number;
  readonly jitterEnterMs: number;
  readonly jitterLeaveMs: number;
  readonly windowMs: number;
  readonly settleMs: number;
}
