/**
 * A disk under a device's memory of documents whose power goes in the middle of a write.
 *
 * @module
 */
import type { Flash, FlashResult } from '../../../../hal/flash.ts';
import { halOk } from '../../../../hal/result.ts';
import { PUSH_RECORD_BYTES } from '../../../../policies/signed/record.ts';
import type { Random } from '../../../sim/random.ts';

const SECTOR_BYTES = 512;

/** The power is gone: nothing behind it happens. */
export class PowerCut extends Error {}

/** Two slots on a disk whose power goes in the middle of the write that `fuse` counts down to. */
export class Disk implements Flash {
  readonly slotBytes = PUSH_RECORD_BYTES;
  writtenBytes = 0;
  readonly slots: [Uint8Array | null, Uint8Array | null] = [null, null];
  fuse = Number.POSITIVE_INFINITY;
  /** The power goes before the write behind these, and nothing of that one arrives. */
  writesLeft = Number.POSITIVE_INFINITY;
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  get isCut(): boolean {
    return this.fuse < 0;
  }

  /** The power is back. */
  restore(): void {
    this.fuse = Number.POSITIVE_INFINITY;
    this.writesLeft = Number.POSITIVE_INFINITY;
  }

  /** A step of the device, at which it may be cut off. */
  step(): void {
    if (this.fuse-- <= 0) throw new PowerCut();
  }

  /** A slot cannot be read any more. */
  rot(slot: 0 | 1): void {
    this.slots[slot] = new Uint8Array(PUSH_RECORD_BYTES);
  }

  /** For whoever looks at it and is no device: opening a store writes. */
  get seen(): Pick<Disk, 'readSlot' | 'writeSlot'> {
    return { readSlot: (slot) => this.readSlot(slot), writeSlot: () => halOk(null) };
  }

  readSlot(slot: 0 | 1): Uint8Array | null {
    return this.slots[slot]?.slice() ?? null;
  }

  writeSlot(slot: 0 | 1, bytes: Uint8Array): FlashResult {
    if (this.writesLeft-- <= 0) throw new PowerCut();
    try {
      this.step();
    } catch (cut) {
      this.slots[slot] = this.#torn(this.slots[slot], bytes);
      throw cut;
    }
    this.slots[slot] = bytes.slice();
    return halOk(null);
  }

  #torn(before: Uint8Array | null, bytes: Uint8Array): Uint8Array | null {
    if (this.#random.chance(15)) return before; // it never got there
    if (this.#random.chance(15)) return bytes.slice(); // all of it did
    const torn = before?.slice() ?? new Uint8Array(PUSH_RECORD_BYTES);
    if (this.#random.chance(50)) {
      const cut = this.#random.below(bytes.length);
      torn.set(bytes.subarray(0, cut));
      return torn;
    }
    for (let at = 0; at < bytes.length; at += SECTOR_BYTES) {
      if (this.#random.chance(50)) torn.set(bytes.subarray(at, at + SECTOR_BYTES), at);
    }
    return torn;
  }
}
