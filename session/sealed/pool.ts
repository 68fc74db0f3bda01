/**
 * The slots of all sessions of one thread, in one piece of memory made at start (I11).
 *
 * A session that needs a slot gets a free one; where none is left, the one opened longest ago is taken
 * from whoever has it, and counted: then that session can resend less, and loses nothing else. A slot
 * with a run that was not sent yet is never taken.
 *
 * @module
 */
import { assert } from '../assert.ts';
import type { Memory } from '../memory.ts';
import type { SealedRing } from './ring.ts';
import { SLOT_BYTES, Slot } from './slot.ts';

export class SlotPool {
  readonly memory: Memory;
  readonly #slots: Slot[] = [];
  readonly #free: Slot[] = [];
  readonly #onTaken: () => void;
  #openings = 0;

  /**
   * @param memory its length is a multiple of {@link SLOT_BYTES}.
   * @param onTaken called for each slot that is taken from a session, whose datagrams might have been wanted.
   */
  constructor(memory: Memory, onTaken: () => void = () => undefined) {
    const count = memory.bytes.length / SLOT_BYTES;
    assert(Number.isInteger(count) && count >= 1, 'memory for whole slots');
    this.memory = memory;
    this.#onTaken = onTaken;
    for (let index = 0; index < count; index++) this.#slots.push(new Slot(index * SLOT_BYTES));
    // The first ones are handed out first: memory that was never used costs nothing.
    for (const slot of this.#slots) this.#free.unshift(slot);
  }

  get slotCount(): number {
    return this.#slots.length;
  }

  get freeCount(): number {
    return this.#free.length;
  }

  /** An empty slot for `owner`. */
  take(owner: SealedRing): Slot {
    const slot = this.#free.pop() ?? this.#steal();
    this.reopen(slot, owner);
    return slot;
  }

  /** Empty a slot that `owner` has already: it counts as opened now. */
  reopen(slot: Slot, owner: SealedRing): void {
    this.#openings += 1;
    slot.reset(owner, this.#openings);
  }

  giveBack(slot: Slot): void {
    slot.reset(null, 0);
    this.#free.push(slot);
  }

  #steal(): Slot {
    let oldest: Slot | null = null;
    for (const slot of this.#slots) {
      if (slot.owner?.isSending(slot) === true) continue;
      if (oldest === null || slot.opening < oldest.opening) oldest = slot;
    }
    assert(oldest !== null && oldest.owner !== null, 'not every slot waits to be sent');
    oldest.owner.lose(oldest);
    this.#onTaken();
    return oldest;
  }
}
