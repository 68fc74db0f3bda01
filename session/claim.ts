/**
 * A claim: the device's request to change the binding, and the answers' only address.
 *
 * A claim is its tuple. A repeat of the very same tuple is the same claim and gets the same answer;
 * any other tuple is a new claim and needs a higher version (docs/protocol.md, "Claims and answers").
 *
 * @module
 */

/**
 * The highest version that a hub takes from a device. What a hub adds to it stays exact, and so does
 * what a device adds that adopted a hub's number; no honest device comes near.
 */
export const CLAIMED_VERSION_MAX = Number.MAX_SAFE_INTEGER - 2 ** 31;

export interface Claim {
  /** 16 random bytes as 32 lower-case hex digits. */
  readonly sessionId: string;
  /** The device's logical clock, 1…2^53−1. Strictly grows over the device's whole life. */
  readonly stateVersion: number;
  /** Which transport is to become the binding, 1…65535. */
  readonly transportId: number;
  /** 8 bytes as 16 hex digits: tells two processes apart that would claim the same version. */
  readonly nonce: string;
}

/** Whether two claims are the very same one. */
export function isSameClaim(a: Claim, b: Claim): boolean {
  return (
    a.sessionId === b.sessionId &&
    a.stateVersion === b.stateVersion &&
    a.transportId === b.transportId &&
    a.nonce === b.nonce
  );
}
