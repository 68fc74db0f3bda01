/**
 * The frames the emulator holds: fixed slots in one block of native memory, reference-counted so that a duplicate needs
 * no copy. Frames are read into a slot and written out of it, and never touched by JavaScript.
 *
 * @module
 */
import type { Pointer } from 'bun:ffi';
import { NativeMemory } from '../libc.ts';

/** A full Ethernet frame (1514 bytes) and some more. */
export const SLOT_BYTES = 2048;

export class Arena {
  readonly #memory: NativeMemory;
  readonly #slots: number;
  readonly #free: Int32Array;
  readonly #users: Uint8Array;
  readonly #bytes: Uint16Array;
  #freeCount: number;

  constructor(slots: number) {
    // One slot more: the spare that frames are read into only to be dropped.
    this.#memory = new NativeMemory((slots + 1) * SLOT_BYTES);
    this.#slots = slots;
    this.#free = Int32Array.from({ length: slots }, (_, slot) => slots - 1 - slot);
    this.#users = new Uint8Array(slots);
    this.#bytes = new Uint16Array(slots);
    this.#freeCount = slots;
  }

  get isFull(): boolean {
    return this.#freeCount === 0;
  }

  /** The slot to read the next frame into. It is not taken yet; the spare one if the arena is full. */
  get next(): number {
    return this.#freeCount === 0 ? this.#slots : this.#free[this.#freeCount - 1]!;
  }

  /** Take the slot {@link next}, which holds a frame of `bytes`, for `users` deliveries. */
  take(bytes: number, users: number): void {
    this.#freeCount -= 1;
    const slot = this.#free[this.#freeCount]!;
    this.#users[slot] = users;
    this.#bytes[slot] = bytes;
  }

  /** One delivery of `slot` is done with; the last one frees it. */
  release(slot: number): void {
    this.#users[slot]! -= 1;
    if (this.#users[slot] !== 0) return;
    this.#free[this.#freeCount] = slot;
    this.#freeCount += 1;
  }

  address(slot: number): Pointer {
    return this.#memory.at(slot * SLOT_BYTES);
  }

  bytes(slot: number): number {
    return this.#bytes[slot]!;
  }
}
