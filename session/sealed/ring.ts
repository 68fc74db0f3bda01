/**
 * What one session sealed lately, in the order of sealing: bounded in bytes, datagrams and age.
 *
 * Datagrams are sealed straight into a slot and stay there until the slot is needed again, so that a
 * handover can send them once more, the same bytes under the same nonce, without copying.
 * Source: docs/protocol.md, "Sealed datagrams"; policy `resend`.
 *
 * @module
 */
import { assert } from '../assert.ts';
import type { SlotPool } from './pool.ts';
import { SLOT_BYTES, type Slot } from './slot.ts';

/** As many counters as a RECEIVED frame describes. */
export const RESEND_DATAGRAMS_MAX = 4_096;

/** One datagram that may be sent again: the `bytes` at `at` of the pool's memory. */
export type VisitSealed = (at: number, bytes: number, channelId: number, counter: number) => void;

export class SealedRing {
  readonly #pool: SlotPool;
  readonly #slotsMax: number;
  /** Oldest first; the last one is being filled. */
  readonly #slots: Slot[] = [];
  #sending: Slot | null = null;

  /** @param bufferBytes policy `resend.buffer_bytes`; at least one slot is had in any case. */
  constructor(pool: SlotPool, bufferBytes: number) {
    this.#pool = pool;
    this.#slotsMax = Math.max(1, Math.floor(bufferBytes / SLOT_BYTES));
  }

  get memory() {
    return this.#pool.memory;
  }

  /** The slot that is being filled, if a datagram of `bytes` under that keypair fits. */
  current(bytes: number, channelId: number): Slot | null {
    const slot = this.#slots.at(-1);
    if (slot === undefined || !slot.hasRoom(bytes)) return null;
    return slot.count === 0 || slot.channelId === channelId ? slot : null;
  }

  /** A new slot to fill, in place of the oldest one where all are in use. */
  open(channelId: number): Slot {
    assert(this.#sending === null, 'a run is sent before its slot is left');
    const isFull = this.#slots.length >= this.#slotsMax;
    const oldest = isFull ? this.#slots.shift() : undefined;
    if (oldest !== undefined) this.#pool.reopen(oldest, this);
    const slot = oldest ?? this.#pool.take(this);
    slot.channelId = channelId;
    this.#slots.push(slot);
    return slot;
  }

  /** While a run in it waits to be sent a slot stays; null: none waits. */
  setSending(slot: Slot | null): void {
    this.#sending = slot;
  }

  isSending(slot: Slot): boolean {
    return this.#sending === slot;
  }

  /** The pool took it for somebody else. */
  lose(slot: Slot): void {
    const index = this.#slots.indexOf(slot);
    assert(index >= 0, 'a slot is taken from its owner');
    this.#slots.splice(index, 1);
  }

  /** How many datagrams lie in it, sent or not. */
  get count(): number {
    let count = 0;
    for (const slot of this.#slots) count += slot.count;
    return count;
  }

  /** What was sealed at `sinceMs` or later, oldest first, at most the newest 4096. Allocates nothing. */
  each(sinceMs: number, visit: VisitSealed): void {
    let left = this.count;
    for (const slot of this.#slots) {
      for (let index = 0; index < slot.count; index++, left--) {
        if (left > RESEND_DATAGRAMS_MAX || slot.sealedAtMs[index]! < sinceMs) continue;
        const begin = slot.beginOf(index);
        const bytes = slot.ends[index]! - begin;
        visit(slot.at + begin, bytes, slot.channelId, slot.counterFirst + index);
      }
    }
  }

  /** Where the newest 4096 begin: what is before them is not sent again. */
  firstResendable(): { readonly opening: number; readonly index: number } {
    let over = this.count - RESEND_DATAGRAMS_MAX;
    for (const { opening, count } of this.#slots) {
      if (over < count) return { opening, index: Math.max(0, over) };
      over -= count;
    }
    return { opening: 0, index: 0 };
  }

  /** The oldest slot that was opened as `opening` or later, or null. */
  slotFrom(opening: number): Slot | null {
    for (const slot of this.#slots) if (slot.opening >= opening) return slot;
    return null;
  }

  /** Whether something sealed under that keypair at `sinceMs` or later lies here, up to `counterMax`. */
  has(channelId: number, counterMax: number, sinceMs: number): boolean {
    for (const slot of this.#slots) {
      if (slot.channelId !== channelId || slot.count === 0) continue;
      const last = Math.min(slot.count - 1, counterMax - slot.counterFirst);
      if (last >= 0 && slot.sealedAtMs[last]! >= sinceMs) return true;
    }
    return false;
  }

  /** Give back what was sealed under any other keypair. A run that waits is sent before. */
  keepOnly(channelIds: readonly number[]): void {
    assert(this.#sending === null, 'a run is sent before its keypair is given up');
    for (const slot of [...this.#slots]) {
      if (channelIds.includes(slot.channelId)) continue;
      this.lose(slot);
      this.#pool.giveBack(slot);
    }
  }

  /** The session is no more. */
  clear(): void {
    this.#sending = null;
    for (const slot of this.#slots.splice(0)) this.#pool.giveBack(slot);
  }
}
