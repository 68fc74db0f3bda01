/**
 * Two slots of fixed size that survive power cuts one at a time.
 *
 * Knows nothing of what they hold: records, generations and checksums are `session/flash/`.
 *
 * @module
 */
import type { HalResult } from './result.ts';

export type FlashSlot = 0 | 1;
export type FlashResult = HalResult<null>;

export interface Flash {
  readonly slotBytes: number;
  /** The slot's bytes as the medium has them; null if it was never written, no bytes at all if it cannot be read. */
  readSlot(slot: FlashSlot): Uint8Array | null;
  /** Replace a slot. Success means durable: it returns after the medium confirmed. */
  writeSlot(slot: FlashSlot, bytes: Uint8Array): FlashResult;
  /** Bytes handed to the medium since it was opened, for the daily write budget. */
  readonly writtenBytes: number;
}
