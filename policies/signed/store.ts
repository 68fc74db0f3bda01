/**
 * A device's memory of signed documents across power cuts: reads both slots once, then writes both, one after the other.
 *
 * A save that succeeded survives any cut and the loss of either slot: a version that was taken is not taken again because one slot
 * rotted. A save that failed leaves the written slot unknown; the next one goes there again, never to the slot that still counts.
 * Documents are rare, so writing twice costs little.
 *
 * Opening it writes where the slots differ, or one of them is lost: whoever reads {@link PushStore.record} raises what I4 rests on
 * by it, so by then the loss of either slot must not bring an older one back.
 *
 * The caller provides the slots (`hal/flash.ts`) and calls from one thread.
 *
 * @module
 */
import { equalBytes } from '../../session/bytes.ts';
import type { Slots } from '../../session/flash/store.ts';
import {
  contentOf,
  decodePushRecord,
  encodePushRecord,
  NOTHING_PUSHED,
  type PushRecord,
} from './record.ts';

/** What reading the slots at start gave. */
export type PushRecovery =
  | 'intact'
  | 'blank' // nothing was ever saved
  | 'oneSlotLost'
  | 'slotsDiffer' // the power went between the two writes of a save, or the second one failed
  | 'bothSlotsLost'; // say so: what was taken before could be taken again

export class PushStore<Failure extends { readonly ok: false }> {
  readonly recovery: PushRecovery;
  /** As read at start. */
  readonly record: PushRecord;
  /** Both slots hold {@link record}, or were never written. False: what opening it wrote failed, and is to be saved again. */
  readonly isWhole: boolean;
  readonly #slots: Slots<Failure>;
  #newest: { readonly slot: 0 | 1; readonly generation: number };

  constructor(slots: Slots<Failure>) {
    this.#slots = slots;
    const held = [slots.readSlot(0), slots.readSlot(1)] as const;
    const [first, second] = held.map((bytes) => (bytes === null ? null : decodePushRecord(bytes)));
    const isFirst = first && (!second || first.generation >= second.generation);
    const chosen = isFirst ? first : second;
    this.#newest = { slot: isFirst ? 0 : 1, generation: chosen?.generation ?? 0 };
    this.record = chosen?.record ?? NOTHING_PUSHED;
    if (chosen && first && second) this.recovery = isSame(held) ? 'intact' : 'slotsDiffer';
    else if (chosen) this.recovery = 'oneSlotLost';
    // A slot that was never written: the first save did not succeed, so nothing of it was done.
    else this.recovery = held.includes(null) ? 'blank' : 'bothSlotsLost';
    const isTorn = this.recovery === 'slotsDiffer' || this.recovery === 'oneSlotLost';
    this.isWhole = !isTorn || this.save(this.record).ok;
  }

  save(record: PushRecord): { readonly ok: true } | Failure {
    const first = this.#write(record);
    return first.ok ? this.#write(record) : first;
  }

  #write(record: PushRecord): { readonly ok: true } | Failure {
    const slot = this.#newest.slot === 0 ? 1 : 0;
    const generation = this.#newest.generation + 1;
    const outcome = this.#slots.writeSlot(slot, encodePushRecord(record, generation));
    if (outcome.ok) this.#newest = { slot, generation };
    return outcome;
  }
}

/** Two whole slots with the same content; their generations differ by the one that a save raises them. */
function isSame(slots: readonly (Uint8Array | null)[]): boolean {
  const [first, second] = slots.map((bytes) => (bytes === null ? null : contentOf(bytes)));
  return first != null && second != null && equalBytes(first, second);
}
