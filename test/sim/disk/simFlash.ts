/**
 * A device's flash with the medium under it.
 *
 * What was synced is there. A write that a power cut interrupts, or that failed, may be absent, whole,
 * cut after any byte, or torn into sectors of which any subset arrived; until the power is cut the
 * system reads back what it wrote.
 *
 * @module
 */
import type { Flash, FlashResult, FlashSlot } from '../../../hal/flash.ts';
import { halFail, halOk } from '../../../hal/result.ts';
import { assert } from '../../../session/assert.ts';
import { decodeRecord, type FlashRecord } from '../../../session/flash/record.ts';
import { readSlots } from '../../../session/flash/slots.ts';
import type { Forgotten } from '../checkers/watch.ts';
import type { FlashChange } from '../fault.ts';
import type { Fuse } from '../machine/powerCut.ts';
import type { Random } from '../random.ts';

/** Smaller than real sectors (512 or more), so that records are torn inside. */
const SECTOR_BYTES = 64;

interface Cell {
  durable: Uint8Array | null;
  /** Handed over, not known to be on the medium. */
  pending: Uint8Array | null;
}

export class SimFlash implements Flash {
  readonly slotBytes: number;
  writtenBytes = 0;
  writes: NonNullable<FlashChange['writes']> = 'work';
  writeMs: number;
  /** Writes that a cut tore, for the coverage. */
  tornCount = 0;
  readonly #cells: readonly [Cell, Cell];
  readonly #random: Random;
  readonly #fuse: Fuse;

  constructor(slotBytes: number, writeMs: number, random: Random, fuse: Fuse) {
    this.slotBytes = slotBytes;
    this.writeMs = writeMs;
    this.#random = random;
    this.#fuse = fuse;
    this.#cells = [
      { durable: null, pending: null },
      { durable: null, pending: null },
    ];
  }

  readSlot(slot: FlashSlot): Uint8Array | null {
    this.#fuse.call();
    return this.readBack(slot)?.slice() ?? null;
  }

  /** What a process would read now. */
  readBack(slot: FlashSlot): Uint8Array | null {
    const { durable, pending } = this.#cells[slot];
    return pending ?? durable;
  }

  writeSlot(slot: FlashSlot, bytes: Uint8Array): FlashResult {
    assert(bytes.length === this.slotBytes, 'a write fills its slot');
    this.#fuse.call();
    if (this.writes === 'full') return halFail('storageFull', `slot ${slot}: ENOSPC`);
    if (this.writes === 'failUnwritten') return halFail('storageFailed', `slot ${slot}: EIO`);
    const cell = this.#cells[slot];
    cell.pending = bytes.slice();
    this.writtenBytes += bytes.length;
    this.#fuse.write();
    if (this.writes === 'failWritten') return halFail('storageFailed', `slot ${slot}: fsync EIO`);
    cell.durable = cell.pending;
    cell.pending = null;
    this.#fuse.call();
    return halOk(null);
  }

  /** Power was cut. */
  cut(): void {
    for (const cell of this.#cells) {
      if (cell.pending === null) continue;
      cell.durable = this.#torn(cell.durable, cell.pending);
      cell.pending = null;
      this.tornCount += 1;
    }
  }

  /** Bits of a slot flip while nobody looks. */
  rot(slot: FlashSlot): void {
    const cell = this.#cells[slot];
    if (cell.durable === null) return;
    cell.durable = cell.durable.slice();
    for (let flips = this.#random.between(1, 4); flips > 0; flips--) {
      const at = this.#random.below(cell.durable.length);
      cell.durable[at] = cell.durable[at]! ^ (1 << this.#random.below(8));
    }
  }

  wipe(): void {
    for (const cell of this.#cells) {
      cell.durable = null;
      cell.pending = null;
    }
  }

  /** What a power cut now would leave at worst: the newest whole record that is on the medium. */
  get durable(): FlashRecord | null {
    const [first, second] = this.#cells;
    return readSlots(first.durable, second.durable).chosen?.record ?? null;
  }

  /** What lies on the medium itself, whatever is under way. */
  durableSlot(slot: FlashSlot): Uint8Array | null {
    return this.#cells[slot].durable;
  }

  /** How many of the slots hold a whole record, whatever is under way. */
  get wholeSlots(): number {
    return this.#cells.filter(({ durable }) => durable !== null && decodeRecord(durable).ok).length;
  }

  /** Whether a write is under way, or failed half-way. */
  get isPending(): boolean {
    return this.#cells.some(({ pending }) => pending !== null);
  }

  /** Everything that another flash holds, as somebody with a screwdriver copies it. */
  copyFrom(other: SimFlash): void {
    for (const slot of [0, 1] as const) {
      this.#cells[slot].durable = other.readBack(slot)?.slice() ?? null;
    }
  }

  /** What of it cannot be read any more; null: nothing that was synced. */
  get forgotten(): Forgotten | null {
    const lost = ([0, 1] as const).filter((slot) => {
      const bytes = this.readBack(slot);
      return bytes === null || !decodeRecord(bytes).ok;
    });
    if (lost.length === 0) return null;
    return lost.length === this.#cells.length ? 'all' : 'newest';
  }

  #torn(durable: Uint8Array | null, bytes: Uint8Array): Uint8Array | null {
    const random = this.#random;
    const base = durable?.slice() ?? new Uint8Array(bytes.length);
    switch (random.below(4)) {
      case 0:
        return durable;
      case 1:
        return bytes;
      case 2:
        base.set(bytes.subarray(0, random.below(bytes.length + 1)));
        return base;
      default:
        for (let at = 0; at < bytes.length; at += SECTOR_BYTES) {
          if (random.chance(50)) base.set(bytes.subarray(at, at + SECTOR_BYTES), at);
        }
        return base;
    }
  }
}
