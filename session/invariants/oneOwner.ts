/**
 * I6 one-owner: who forwards or answers a probe owns the session and holds a valid lease.
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
