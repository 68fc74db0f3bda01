/**
 * Flash in memory with the disk that is under it: every write and sync is logged, and any state that a
 * power cut could have left can be brought back.
 *
 * The model, pessimistic on purpose: what was synced is there. Each write since the last sync of its
 * slot may be absent, whole, cut after any byte, or torn into sectors of which any subset arrived;
 * several such writes reach the medium in any order, so each is decided by itself.
 *
 * @module
 */
import { assert } from '../../session/assert.ts';
import type { Flash, FlashResult, FlashSlot } from '../flash.ts';
import { type HalFailure, halOk } from '../result.ts';

export type SlotContents = readonly [Uint8Array | null, Uint8Array | null];

export type DiskOperation =
  | { readonly kind: 'write'; readonly slot: FlashSlot; readonly bytes: Uint8Array }
  | { readonly kind: 'sync'; readonly slot: FlashSlot };

/** Smaller than real sectors (512 or more), so that records are torn inside. */
const SECTOR_BYTES = 64;

export class MemoryFlash implements Flash {
  readonly slotBytes: number;
  writtenBytes = 0;
  readonly log: DiskOperation[] = [];
  /** What the next write answers instead of working; it may have reached the medium or not. */
  failNext: HalFailure | null = null;
  readonly #initial: SlotContents;
  readonly #slots: [Uint8Array | null, Uint8Array | null];

  constructor(slotBytes = 512, initial: SlotContents = [null, null]) {
    this.slotBytes = slotBytes;
    this.#initial = initial;
    this.#slots = [...initial];
  }

  readSlot(slot: FlashSlot): Uint8Array | null {
    return this.#slots[slot]?.slice() ?? null;
  }

  writeSlot(slot: FlashSlot, bytes: Uint8Array): FlashResult {
    this.write(slot, bytes);
    const failure = this.failNext;
    this.failNext = null;
    if (failure !== null) return failure;
    this.sync(slot);
    return halOk(null);
  }

  /** The two halves of `writeSlot`, for a store that is wrong on purpose. */
  write(slot: FlashSlot, bytes: Uint8Array): void {
    assert(bytes.length === this.slotBytes, 'a write fills its slot');
    this.writtenBytes += bytes.length;
    this.#slots[slot] = bytes.slice();
    this.log.push({ kind: 'write', slot, bytes: bytes.slice() });
  }

  sync(slot: FlashSlot): void {
    this.log.push({ kind: 'sync', slot });
  }

  /** Every content that a cut after `operations` of the log could have left. The first: nothing pending arrived. */
  *crashStates(operations: number): Generator<SlotContents> {
    const durable: [Uint8Array | null, Uint8Array | null] = [...this.#initial];
    const pending: [Uint8Array[], Uint8Array[]] = [[], []];
    for (const operation of this.log.slice(0, operations)) {
      const { slot } = operation;
      if (operation.kind === 'write') {
        pending[slot].push(operation.bytes);
      } else {
        durable[slot] = pending[slot].at(-1) ?? durable[slot];
        pending[slot] = [];
      }
    }
    yield durable;
    for (const first of outcomes(durable[0], pending[0])) yield [first, durable[1]];
    for (const second of outcomes(durable[1], pending[1])) yield [durable[0], second];
    // With both slots pending the medium chose the order: any outcome of one meets any of the other.
    for (const first of wholes(durable[0], pending[0])) {
      for (const second of wholes(durable[1], pending[1])) yield [first, second];
    }
  }
}

const wholes = (durable: Uint8Array | null, pending: readonly Uint8Array[]) => [
  durable,
  ...pending,
];

/** What one slot may hold when `pending` writes were under way over `durable`. */
function* outcomes(
  durable: Uint8Array | null,
  pending: readonly Uint8Array[],
): Generator<Uint8Array> {
  let below = durable;
  for (const bytes of pending) {
    const base = below ?? new Uint8Array(bytes.length);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const torn = base.slice();
      torn.set(bytes.subarray(0, cut));
      yield torn;
    }
    const sectors = Math.ceil(bytes.length / SECTOR_BYTES);
    for (let subset = 0; subset < 2 ** sectors; subset++) yield mixed(base, bytes, subset);
    below = bytes;
  }
}

/** `bytes` where `subset` has the sector's bit, `base` elsewhere. */
function mixed(base: Uint8Array, bytes: Uint8Array, subset: number): Uint8Array {
  const torn = base.slice();
  for (let at = 0; at < bytes.length; at += SECTOR_BYTES) {
    if ((subset & (1 << (at / SECTOR_BYTES))) === 0) continue;
    torn.set(bytes.subarray(at, at + SECTOR_BYTES), at);
  }
  return torn;
}
