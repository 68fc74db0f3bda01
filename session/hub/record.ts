/**
 * What the ownership store keeps for a device: its one session, as committed.
 *
 * One record a device. Every change is a compare-and-swap on `revision`; a new session replaces the
 * old one in the same swap, so there is no moment with two (docs/protocol.md, "The record").
 *
 * Times are hub time: milliseconds that never go back over restarts (see `hub/time.ts`).
 *
 * @module
 */
import type { Claim } from '../claim.ts';
import type { ReasonCode } from '../reasons.ts';
import type { ClaimPurpose, DataCipher, LinkKind } from '../wire/frames.ts';

export interface SessionRecord {
  /** The device's static public key, base64. The store's key. */
  readonly device: string;
  /** Raised by every swap. 0 means "no record yet". */
  readonly revision: number;
  readonly sessionId: string;
  readonly previousSessionId: string | null;
  /** Null while the session lives. */
  readonly terminated: ReasonCode | null;
  /** The newest version committed for this device, over all its sessions. */
  readonly stateVersion: number;
  /** The claim that was committed last, and what it was; its repeat gets the same answer. */
  readonly claim: Claim;
  readonly claimKind: 'attach' | 'reattach';
  readonly claimPurpose: ClaimPurpose;
  /** Whether the committed claim was answered with freshly issued keys. */
  readonly hasRenewedKeys: boolean;
  readonly transportId: number;
  readonly linkKind: LinkKind;
  readonly linkName: string;
  readonly owner: string;
  readonly ownerEpoch: number;
  readonly hubSeq: number;
  /** 32 bytes: the resumption secret issued last. */
  readonly secret: Uint8Array;
  /** The secret that was shown at the last ATTACH; also accepted, until the next one is shown. */
  readonly previousSecret: Uint8Array | null;
  /** 32 bytes: proves the process that attached last. */
  readonly memoryKey: Uint8Array;
  /** The memory key of the process before it, unless that process ended the session itself. */
  readonly predecessorMemoryKey: Uint8Array | null;
  readonly inner4: string | null;
  readonly inner6: string | null;
  readonly cipher: DataCipher;
  readonly createdAtMs: number;
  /** Set while the hub's view is RECOVERING: the window and the transport TTL count from here. */
  readonly transportlessSinceMs: number | null;
  readonly recoveringSinceMs: number | null;
  /** When the binding's transport changed, at most the last minute's; for the switch cap. */
  readonly switchedAtMs: readonly number[];
}
