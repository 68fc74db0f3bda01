/**
 * The answer to a committed claim, made from the record alone.
 *
 * Kept in the seat for repeats, which get the very same bytes. A restarted hub makes it again: same
 * claim and keys, with the epoch and hub_seq of its own.
 *
 * @module
 */
import type { Attached, Reattached } from '../wire/frames.ts';
import type { SeatConfig } from './limits.ts';
import type { SessionRecord } from './record.ts';

export function answerTo(
  record: SessionRecord,
  hubSeq: number,
  { routes }: SeatConfig,
  heardMs: number | null = null,
): Attached | Reattached {
  const { claim, secret, memoryKey, ownerEpoch } = record;
  if (record.claimKind === 'attach') {
    const { inner4, inner6, cipher } = record;
    return {
      type: 'attached',
      claim,
      secret,
      memoryKey,
      inner4,
      inner6,
      routes,
      cipher,
      ownerEpoch,
      hubSeq,
    };
  }
  const renewed = record.hasRenewedKeys ? { secret, memoryKey } : null;
  return { type: 'reattached', claim, ownerEpoch, hubSeq, renewed, heardMs };
}
