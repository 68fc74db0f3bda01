/**
 * What a seat needs to know besides its events: identity, pool assignment and the policy's numbers.
 *
 * Given anew with every step, so that a policy change takes effect without touching a seat's state.
 *
 * @module
 */
import type { DataCipher, LinkKind } from '../wire/frames.ts';

export interface SeatConfig {
  readonly hubId: string;
  /** The device's static public key, base64. */
  readonly device: string;
  readonly inner4: string | null;
  readonly inner6: string | null;
  readonly routes: readonly string[];
  /** What this hub accepts; the device's order decides. */
  readonly ciphers: readonly DataCipher[];
  /** 32 random bytes drawn when the hub process started: tokens and keys are derived from it. */
  readonly seed: Uint8Array;
  readonly limits: SeatLimits;
  /**
   * Other hubs share the store: nothing is served before a `lease` event, and `askOwner` is answered. Left out: the store
   * is this hub's alone.
   */
  readonly isLeased?: boolean;
}

/** The part of the policy that a hub enforces by itself (policies/schema.ts has meaning and ranges). */
export interface SeatLimits {
  readonly sessionTtlMs: number;
  readonly transportTtlMs: number;
  readonly recoveryWindowMs: number;
  /** After this a device gives up a session that it never got an answer for. */
  readonly birthDeadlineMs: number;
  readonly resendMaxAgeMs: number;
  readonly maxSwitchesPerMinute: number;
  readonly cooldownMs: number;
  readonly reattachPerMinute: number;
  /** Silence on the binding after which the hub's view goes to RECOVERING. */
  readonly silenceMs: number;
  /** Kinds of link that may become a binding. */
  readonly allowedLinkKinds: readonly LinkKind[];
}
