/**
 * I4 no-rollback: state_version (per writer), owner_epoch and policy version never go back or repeat, across crashes
 * and power cuts.
 *
 * The device's every transition and claim takes a version never used before; the hub's every commit is of a newer
 * version than the last. Only a device that lost both flash slots begins anew, for a new session.
 *
 * Source: docs/protocol.md, "state_version, claims and answers". Asserted by both daemons after each step.
 *
 * @module
 */
import { type Claim, isSameClaim } from '../claim.ts';
import type { WatchedEvent } from './watchedEvent.ts';

export interface Clocks {
  readonly stateVersion: number;
  readonly ownerEpoch: number;
  readonly hubSeq: number;
}

/** What went back between `before` and `after`, or null. */
export function rollbackBetween(before: Clocks, after: Clocks): string | null {
  for (const clock of ['stateVersion', 'ownerEpoch', 'hubSeq'] as const) {
    if (after[clock] < before[clock]) {
      return `I4: ${clock} went back from ${before[clock]} to ${after[clock]}`;
    }
  }
  return null;
}

/** What is wrong with using `version` after `newest`, or null. `isFresh`: it must never have been used. */
export function versionFault(version: number, newest: number, isFresh: boolean): string | null {
  if (version < newest) return `I4: state_version went back from ${newest} to ${version}`;
  return isFresh && version === newest ? `I4: state_version ${version} was used before` : null;
}

/** What is wrong with a policy following another, or null. */
export function policyRollback(before: number, after: number): string | null {
  return after < before ? `I4: policy_version went back from ${before} to ${after}` : null;
}

/**
 * The policies of one device in the order in which they were in force. One that was on trial and did not prove itself is given up
 * (`policy_rolled_back` names its version): from then on, and only then, the version may fall back, to no older one than was in
 * force before it.
 *
 * Source: docs/push.md, "A policy on trial".
 */
export class PolicyWatch {
  /** What was given up left out; null: nothing was seen yet. */
  #newest: number | null = null;
  /** The newest that was in force before it, 0 for none. */
  #before = 0;
  #onTrial: number | null = null;
  #givenUp: number | null = null;
  /** Something was decided under it. */
  #wasFollowed = false;

  /** What the device says of its policy, before what was decided under it. */
  told({ reasonCode, detail }: Pick<WatchedEvent, 'reasonCode' | 'detail'>): void {
    const version = detail['version'];
    if (typeof version !== 'number') return;
    if (reasonCode === 'policy_on_trial') this.#onTrial = version;
    if (this.#onTrial !== version) return;
    if (reasonCode === 'policy_confirmed') this.#onTrial = null;
    if (reasonCode !== 'policy_rolled_back') return;
    this.#onTrial = null;
    this.#givenUp = version;
    this.#wasFollowed = this.#newest === version;
    if (this.#wasFollowed) this.#newest = this.#before;
  }

  /** Something was decided under the policy of this version; what is wrong with that, or null. */
  inForce(version: number): string | null {
    // Decided before the tunnel thread was told to go back, or even before it was told to follow.
    if (version === this.#givenUp) {
      this.#wasFollowed = true;
      return null;
    }
    // A log may begin in the middle of a trial.
    if (this.#newest === null) this.#onTrial ??= version;
    const newest = this.#newest ?? 0;
    const fault = policyRollback(newest, version);
    if (this.#wasFollowed) this.#givenUp = null;
    if (version > newest) {
      this.#before = newest;
      this.#newest = version;
    }
    return fault;
  }
}

/** The clocks of a record in the store. */
export interface RecordClocks extends Clocks {
  readonly revision: number;
  readonly claim: Claim;
}

/** What is wrong with `after` replacing `before` in the store (null: there was no record), or null. */
export function staleRecord(before: RecordClocks | null, after: RecordClocks): string | null {
  if (after.revision !== (before?.revision ?? 0) + 1) {
    return `I4: a swap raises the revision by one, not from ${before?.revision ?? 0} to ${after.revision}`;
  }
  if (before === null) return null;
  const isNewClaim = !isSameClaim(before.claim, after.claim);
  return (
    rollbackBetween(before, after) ??
    (isNewClaim ? versionFault(after.stateVersion, before.stateVersion, true) : null)
  );
}

/** Whether a device's event takes a version of its own. */
const isFreshEvent = ({ event }: WatchedEvent) => event === 'transition' || event === 'claim';

/** A claim on its way, as the device sent it. */
export interface ClaimSent {
  readonly device: string;
  /** How often the device had started before; differs after each restart. */
  readonly life: number;
  readonly version: number;
  /** A repeat has that of the claim it repeats. */
  readonly nonce: string;
}

/** The versions of one device over all its processes. */
export class VersionWatch {
  #newest = 0;
  #claim: ClaimSent | null = null;

  /** Its audit event. */
  see(event: WatchedEvent): string | null {
    if (event.reasonCode === 'flash_lost') this.forget();
    return this.#use(event.stateVersion, isFreshEvent(event));
  }

  /** The frame that left it. Use either this or `see`: a claim's event and its frame have one version. */
  claimed(claim: ClaimSent): string | null {
    const { device, life, version, nonce } = claim;
    const before = this.#claim;
    if (before?.nonce === nonce) {
      if (before.life === life && before.version === version) return null;
      return `I4: ${device} repeats its claim of version ${before.version} as another, of version ${version}`;
    }
    this.#claim = claim;
    const newest = this.#newest;
    this.#newest = Math.max(newest, version);
    return version > newest ? null : `I4: ${device} used version ${version} after ${newest}`;
  }

  /** Both flash slots are gone: nothing is left to count on from. */
  forget(): void {
    this.#newest = 0;
    this.#claim = null;
  }

  #use(version: number, isFresh: boolean): string | null {
    const fault = versionFault(version, this.#newest, isFresh);
    this.#newest = Math.max(this.#newest, version);
    return fault;
  }
}

/** One device's record as one hub's events tell of it. */
export class RecordWatch {
  #before: Clocks | null = null;
  #committed = 0;

  see(event: WatchedEvent): string | null {
    // Without a session there is no record yet whose clocks could be told.
    if (event.sessionId === null) return null;
    // A burst is told when its window is over, with the clocks of its last refusal.
    if (event.detail['repeated'] !== undefined) return null;
    const fault = this.#before === null ? null : rollbackBetween(this.#before, event);
    this.#before = event;
    if (event.reasonCode !== 'claim_committed') return fault;
    const stale = versionFault(event.stateVersion, this.#committed, true);
    this.#committed = Math.max(this.#committed, event.stateVersion);
    return fault ?? stale;
  }
}
