/**
 * One slot of sealed datagrams: 64 KiB of the shared memory, datagrams end to end, all under one
 * keypair and with consecutive counters.
 *
 * A run that goes out by one system call never crosses a slot, so what was sent and what may have to be
 * sent again are the same bytes: nothing is copied between the two.
 *
 * @module
 */
import { assert } from '../assert.ts';
import type { SealedRing } from './ring.ts';

/** As long as a run may get, rounded up. */
export const SLOT_BYTES = 65_536;
/** Datagrams of one slot. Chosen: 64 bytes each on average, which only empty packets are below. */
export const SLOT_DATAGRAMS_MAX = 1_024;

export class Slot {
  /** Where its bytes begin in the memory of the pool. */
  readonly at: number;
  /** Where each datagram ends, from `at`. */
  readonly ends = new Uint32Array(SLOT_DATAGRAMS_MAX);
  readonly sealedAtMs = new Float64Array(SLOT_DATAGRAMS_MAX);
  owner: SealedRing | null = null;
  /** The order in which slots were opened: the lowest is the oldest. */
  opening = 0;
  /** Local index of the keypair that sealed them. */
  channelId = -1;
  counterFirst = 0;
  count = 0;
  bytes = 0;

  constructor(at: number) {
    this.at = at;
  }

  reset(owner: SealedRing | null, opening: number): void {
    this.owner = owner;
    this.opening = opening;
    this.channelId = -1;
    this.count = 0;
    this.bytes = 0;
  }

  hasRoom(bytes: number): boolean {
    return this.bytes + bytes <= SLOT_BYTES && this.count < SLOT_DATAGRAMS_MAX;
  }

  append(bytes: number, counter: number, atMs: number): void {
    if (this.count === 0) this.counterFirst = counter;
    assert(counter === this.counterFirst + this.count, 'the counters of a slot follow each other');
    this.bytes += bytes;
    this.ends[this.count] = this.bytes;
    this.sealedAtMs[this.count] = atMs;
    this.count += 1;
  }

  beginOf(index: number): number {
    return index === 0 ? 0 : this.ends[index - 1]!;
  }
}
