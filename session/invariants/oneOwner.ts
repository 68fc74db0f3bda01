/**
 * I6 one-owner: at most one hub accepts for a session; a fenced owner forwards nothing and answers no probe.
 *
 * Who serves owns the session and holds a valid lease; an owner_epoch belongs to one hub for ever.
 *
 * Source: docs/protocol.md, "Proofs" and "The record". Asserted by the hub after each step for itself; over all
 * hubs together by the simulator, and by the auditor where the logs of several hubs are there.
 *
 * @module
 */

export interface Ownership {
  readonly isServing: boolean;
  readonly isOwner: boolean;
  readonly isLeaseValid: boolean;
}

/** What is wrong with `ownership`, or null. */
export function strayOwner({ isServing, isOwner, isLeaseValid }: Ownership): string | null {
  if (!isServing || (isOwner && isLeaseValid)) return null;
  return `I6: a hub serves ${isOwner ? 'without a lease' : 'without owning'}`;
}

/** What one hub does for one device at one moment. */
export interface HubMoment extends Ownership {
  readonly hubId: string;
  /** A device has one session at a time, so whoever serves another one of it serves a former one. */
  readonly device: string;
  /** What the record says as this hub knows it; null: the session lives. */
  readonly terminated: string | null;
}

/** Whether a hub serves: it forwards, takes data, or answered a probe as the owner. */
export function isServing(hub: {
  readonly hasRoute: boolean;
  readonly acceptCount: number;
  readonly hasAnsweredProbe: boolean;
}): boolean {
  return hub.hasRoute || hub.acceptCount > 0 || hub.hasAnsweredProbe;
}

/** What is wrong with all hubs at one moment, or null. */
export function manyOwners(hubs: readonly HubMoment[]): string | null {
  const serving = new Map<string, string>();
  for (const hub of hubs) {
    const stray = strayOwner(hub);
    if (stray !== null) return `${stray} (${hub.hubId})`;
    if (!hub.isServing) continue;
    if (hub.terminated !== null) return `I6: ${hub.hubId} serves an ended session`;
    const other = serving.get(hub.device);
    if (other !== undefined) return `I6: ${other} and ${hub.hubId} both serve ${hub.device}`;
    serving.set(hub.device, hub.hubId);
  }
  return null;
}

/** Which hub an epoch of a device's record belongs to. */
export class EpochWatch {
  readonly #owners = new Map<string, string>();

  /** `hubId` acted as the owner of `device` under `ownerEpoch`. */
  owned(device: string, ownerEpoch: number, hubId: string): string | null {
    const key = `${ownerEpoch} ${device}`;
    const owner = this.#owners.get(key) ?? hubId;
    this.#owners.set(key, owner);
    if (owner === hubId) return null;
    return `I6: owner_epoch ${ownerEpoch} of ${device} is ${owner}'s, and ${hubId} acts under it`;
  }
}
