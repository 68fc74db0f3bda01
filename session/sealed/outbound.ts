/**
 * Sealed datagrams of one peer on their way out: collected into runs, each sent by one call.
 *
 * A run is datagrams of one length, end to end; a shorter one ends it. Its owner flushes at the end of
 * every batch, so that nothing waits for company: throughput does not cost latency.
 *
 * ```text
 *   reserve ─► seal into ring.memory ─► commit ─► … ─► flush ─► carry(at, bytes, segmentBytes, ecn)
 * ```
 *
 * @module
 */
import { assert } from '../assert.ts';
import type { SealedRing } from './ring.ts';
import type { Slot } from './slot.ts';

/** Datagrams in one run: what every kernel with UDP_SEGMENT takes. */
const DATAGRAMS_MAX = 64;
/** What IPv4 carries in UDP. */
export const RUN_BYTES_MAX = 65_507;

/** Send the `bytes` at `at` of the ring's memory as datagrams of `segmentBytes`. */
export type Carry = (at: number, bytes: number, segmentBytes: number, ecn: number) => void;

export class Outbound {
  readonly ring: SealedRing;
  readonly #carry: Carry;
  #slot: Slot | null = null;
  #runAt = 0;
  #runBytes = 0;
  #segmentBytes = 0;
  #count = 0;
  #ecn = 0;
  #isEnded = false;

  constructor(ring: SealedRing, carry: Carry) {
    this.ring = ring;
    this.#carry = carry;
  }

  /** Whether a run waits for `flush`. */
  get isWaiting(): boolean {
    return this.#count > 0;
  }

  /**
   * Where in `ring.memory` the next datagram is to be sealed. Sends the run before it where the two
   * cannot go together.
   *
   * @param bytes of the datagram, exactly.
   * @param channelId local index of its keypair.
   */
  reserve(bytes: number, channelId: number, ecn: number): number {
    assert(bytes > 0 && bytes <= RUN_BYTES_MAX, 'a datagram fits into UDP');
    if (this.#count > 0) {
      const isNext = this.ring.current(bytes, channelId) === this.#slot && this.#takes(bytes, ecn);
      if (!isNext) this.flush();
    }
    const slot = this.ring.current(bytes, channelId) ?? this.ring.open(channelId);
    if (this.#count === 0) this.#begin(slot, bytes, ecn);
    return slot.at + slot.bytes;
  }

  /** The datagram that `reserve` made room for was sealed there. Without it, nothing has happened. */
  commit(bytes: number, counter: number, atMs: number): void {
    const slot = this.#slot;
    assert(slot !== null, 'room was reserved');
    slot.append(bytes, counter, atMs);
    if (this.#count === 0) this.ring.setSending(slot);
    this.#runBytes += bytes;
    this.#count += 1;
    if (bytes < this.#segmentBytes) this.#isEnded = true;
  }

  /** Send what waits. */
  flush(): void {
    if (this.#count === 0) return;
    this.#count = 0;
    this.#slot = null;
    this.ring.setSending(null);
    this.#carry(this.#runAt, this.#runBytes, this.#segmentBytes, this.#ecn);
  }

  #takes(bytes: number, ecn: number): boolean {
    return (
      !this.#isEnded &&
      bytes <= this.#segmentBytes &&
      ecn === this.#ecn &&
      this.#count < DATAGRAMS_MAX &&
      this.#runBytes + bytes <= RUN_BYTES_MAX
    );
  }

  #begin(slot: Slot, bytes: number, ecn: number): void {
    this.#slot = slot;
    this.#runAt = slot.at + slot.bytes;
    this.#runBytes = 0;
    this.#segmentBytes = bytes;
    this.#ecn = ecn;
    this.#isEnded = false;
  }
}
