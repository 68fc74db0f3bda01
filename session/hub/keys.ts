/**
 * Which secrets and memory keys a record holds after a claim was committed.
 *
 * The rules are those of our explicit-state model, with one memory key kept of the process before. What
 * that leaves open, as the model does: a copy that attaches, uses its keys, restarts and attaches once
 * more while the original is silent all along takes the original's place in the record.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { derive } from '../proof.ts';
import { isOpening } from './judge.ts';
import type { SeatConfig } from './limits.ts';
import type { SessionRecord } from './record.ts';
import { isMemory, isPredecessorSelf, keyOf } from './shown.ts';
import type { ClaimEvent, Seat, Shown } from './state.ts';

export type Keys = Pick<
  SessionRecord,
  'secret' | 'previousSecret' | 'memoryKey' | 'predecessorMemoryKey' | 'hasRenewedKeys'
>;

/**
 * ◆ The keys after this claim.
 *
 * A REATTACH of the process that attached last keeps them, and shows that it has the newest secret, so
 * the one before it ends. An ATTACH rotates: the secret just shown becomes the previous one, issues
 * that nobody showed are dropped. The predecessor is the process that attached last before it, as in
 * our model; but a memory key that nobody used (its ATTACHED was lost) never takes the place of a
 * predecessor's. The predecessor itself wins everything back with fresh keys, and stays its own
 * predecessor until it uses them, for the answer that brings them may be lost.
 */
export function keysOf(
  seat: Seat,
  event: ClaimEvent,
  shown: Shown | null,
  config: SeatConfig,
): Keys {
  const { record } = seat;
  if (event.frame.type === 'reattach' && shown === 'memoryKey') {
    assert(record !== null, 'what was shown is on record');
    const { secret, memoryKey, predecessorMemoryKey } = record;
    return {
      secret,
      memoryKey,
      previousSecret: null,
      predecessorMemoryKey: isPredecessorSelf(record) ? null : predecessorMemoryKey,
      hasRenewedKeys: false,
    };
  }
  return {
    secret: issue('secret', event, config),
    memoryKey: issue('memory key', event, config),
    previousSecret: record === null ? null : previousSecretOf(record, shown),
    predecessorMemoryKey: record === null ? null : predecessorOf(seat, record, event, shown),
    hasRenewedKeys: true,
  };
}

function previousSecretOf(record: SessionRecord, shown: Shown | null): Uint8Array | null {
  switch (shown) {
    case 'secret':
    case 'previousSecret':
      return record[shown];
    // The process that holds it has the newest secret on flash.
    case 'memoryKey':
      return record.secret;
    // What the newcomer showed last was copied from this one's flash.
    case 'predecessor':
      return record.previousSecret;
    case null:
      return null;
  }
}

function predecessorOf(
  seat: Seat,
  record: SessionRecord,
  event: ClaimEvent,
  shown: Shown | null,
): Uint8Array | null {
  // The claimant's own key, until it uses the fresh one.
  if (shown !== null && isMemory(shown)) return keyOf(record, shown);
  if (isOpening(record, event)) return null;
  const isUsed = seat.isConfirmed || record.claimKind === 'reattach';
  const isUnusedRenewal = isPredecessorSelf(record) && !seat.isConfirmed;
  if (record.predecessorMemoryKey !== null && (!isUsed || isUnusedRenewal)) {
    return record.predecessorMemoryKey;
  }
  return record.memoryKey;
}

/** Bound to the claim: the same claim, judged twice, is issued the same keys and no other claim is. */
function issue(what: string, { frame }: ClaimEvent, { seed, device }: SeatConfig): Uint8Array {
  const { sessionId, stateVersion, transportId, nonce } = frame.claim;
  return derive(seed, `${what} ${device} ${sessionId} ${transportId} ${nonce}`, stateVersion, 32);
}
