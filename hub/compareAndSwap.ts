/**
 * The rules of the ownership store: one record a device, replaced by compare-and-swap on its revision.
 *
 * Every store keeps them (`store.ts`, the simulator's), whatever it is made of.
 *
 * @module
 */
import { assert } from '../session/assert.ts';
import type { SessionRecord } from '../session/hub/record.ts';

export interface SwapResult {
  readonly outcome: 'committed' | 'mismatch';
  /** What the store holds now; null: nothing. */
  readonly current: SessionRecord | null;
}

/** What {@link Ownership} needs of a store. */
export interface RecordStore {
  read(device: string): SessionRecord | null;
  /**
   * Replace the record of `device` if its revision still is `expectedRevision` (0: there is none).
   * Durable when it returns `committed`; the identical swap repeated is a mismatch with itself.
   */
  compareAndSwap(device: string, expectedRevision: number, record: SessionRecord): SwapResult;
}

/**
 * The outcome of a swap where the store holds `current`; the caller writes what was committed.
 *
 * @throws InvariantError where the record would go back (I4), whatever the caller believes.
 */
export function judgeSwap(
  current: SessionRecord | null,
  device: string,
  expectedRevision: number,
  record: SessionRecord,
): SwapResult {
  assert(record.device === device, 'a record lies under its own device');
  assert(record.revision > expectedRevision, 'every swap raises the revision');
  if ((current?.revision ?? 0) !== expectedRevision) return { outcome: 'mismatch', current };
  if (current !== null) assertNoRollback(current, record);
  return { outcome: 'committed', current: record };
}

function assertNoRollback(before: SessionRecord, after: SessionRecord): void {
  assert(after.stateVersion >= before.stateVersion, 'state_version never goes back');
  const isSameSession = after.sessionId === before.sessionId;
  assert(!isSameSession || after.ownerEpoch >= before.ownerEpoch, 'owner_epoch never goes back');
  const isRevived = before.terminated !== null && after.terminated === null;
  assert(!isSameSession || !isRevived, 'an ended session never comes back');
}
