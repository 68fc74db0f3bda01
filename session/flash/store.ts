/**
 * The device's memory across power cuts: reads both slots once, then writes them in turn.
 *
 * A save that succeeded survives any cut, and, as far as the reserved numbers go, the loss of either
 * slot: where the slots would be further apart than `reservation.ts` allows (first save, both lost, a
 * clock that jumped), the save writes both, one after the other. A save that failed leaves the
 * written slot unknown: the next one goes there again, never to the slot that still counts.
 *
 * The caller provides the slots (`hal/flash.ts`) and calls from one thread.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { encodeRecord, type FlashRecord } from './record.ts';
import { ceilingAfterLoss, isTooFarApart, TIMESTAMPS, VERSIONS } from './reservation.ts';
import { nextSlot, readSlots, type Slot, type SlotState } from './slots.ts';

/** What this needs of `hal/flash.ts`: a successful write is durable. `Failure` is handed through. */
export interface Slots<Failure> {
  readSlot(slot: Slot): Uint8Array | null;
  writeSlot(slot: Slot, bytes: Uint8Array): { readonly ok: true } | Failure;
}

/** What reading the slots at start gave. */
export type Recovery =
  | 'intact'
  | 'blank' // neither was ever written: a first boot, or erased flash
  | 'oneSlotLost' // ceilings were lifted over what the lost one may have held
  | 'bothSlotsLost'; // say so: versions have to be learned from the hub

export type FlashContent = Omit<FlashRecord, 'generation'>;

interface Failed {
  readonly ok: false;
}

export class FlashStore<Failure extends Failed> {
  readonly recovery: Recovery;
  /** Slot by slot, for the log. */
  readonly states: readonly [SlotState, SlotState];
  readonly #slots: Slots<Failure>;
  #content: FlashContent | null;
  #newest: { readonly slot: Slot; readonly record: FlashRecord } | null;
  #older: FlashRecord | null;

  constructor(slots: Slots<Failure>) {
    const { chosen, other, states } = readSlots(slots.readSlot(0), slots.readSlot(1));
    this.#slots = slots;
    this.#newest = chosen;
    this.#older = other;
    this.states = states;
    if (chosen === null) {
      this.recovery = states.every((state) => state === 'blank') ? 'blank' : 'bothSlotsLost';
      this.#content = null;
    } else {
      this.recovery = other === null ? 'oneSlotLost' : 'intact';
      this.#content = other === null ? lifted(chosen.record) : chosen.record;
    }
  }

  /** What counts: as read at start (ceilings lifted after a loss), then as saved last. */
  get content(): FlashContent | null {
    return this.#content;
  }

  /** Make `content` durable. Ceilings never go down. */
  save(content: FlashContent): { readonly ok: true } | Failure {
    if (this.#content !== null) {
      const { versionCeiling, timestampReserved } = this.#content;
      assert(content.versionCeiling >= versionCeiling, 'I4: the version ceiling never goes down');
      assert(content.timestampReserved >= timestampReserved, 'the reserved time never goes down');
    }
    const first = this.#write(content);
    if (!first.ok) return first;
    if (this.#older === null || areTooFarApart(content, this.#older)) {
      const second = this.#write(content);
      if (!second.ok) return second;
    }
    this.#content = content;
    return { ok: true };
  }

  #write(content: FlashContent): { readonly ok: true } | Failure {
    const slot = nextSlot(this.#newest);
    const record = { ...content, generation: (this.#newest?.record.generation ?? 0) + 1 };
    // Until the write is confirmed nobody knows what that slot holds.
    this.#older = null;
    const outcome = this.#slots.writeSlot(slot, encodeRecord(record));
    if (!outcome.ok) return outcome;
    this.#older = this.#newest?.record ?? null;
    this.#newest = { slot, record };
    return outcome;
  }
}

function lifted(record: FlashRecord): FlashContent {
  return {
    ...record,
    versionCeiling: ceilingAfterLoss(VERSIONS, record.versionCeiling),
    timestampReserved: ceilingAfterLoss(TIMESTAMPS, record.timestampReserved),
  };
}

function areTooFarApart(content: FlashContent, older: FlashRecord): boolean {
  return (
    isTooFarApart(VERSIONS, content.versionCeiling, older.versionCeiling) ||
    isTooFarApart(TIMESTAMPS, content.timestampReserved, older.timestampReserved)
  );
}
