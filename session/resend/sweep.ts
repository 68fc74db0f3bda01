/**
 * One walk over the sealed datagrams of a keypair: which of them the peer lacks, oldest first, at the pace given.
 *
 * Sends the bytes as they lie there, under the nonce that they have; seals nothing. It may take many steps, and what
 * is overwritten or given away between two of them is passed over. Allocates nothing for a datagram.
 *
 * @module
 */
import { REPLAY_WINDOW, type Received, receivedState } from '../replay.ts';
import type { SealedRing } from '../sealed/ring.ts';
import type { Slot } from '../sealed/slot.ts';
import type { ResendCounters } from './counters.ts';
import type { Pacer } from './pacer.ts';

/** As the outbound's runs: what every kernel with UDP_SEGMENT takes. */
const DATAGRAMS_MAX = 64;
const RUN_BYTES_MAX = 65_507;

/** Send the `bytes` at `at` of the ring's memory as datagrams of `segmentBytes`. */
export type SendAgain = (at: number, bytes: number, segmentBytes: number) => void;

export interface Swept {
  readonly channelId: number;
  readonly received: Received;
  /** Sealed last before the cut; what came later is not missing, but under way. */
  readonly counterMax: number;
  /** What was sealed earlier was judged by an exchange before this one: too old now, and counted then. */
  readonly countedBeforeMs: number;
}

export class Sweep {
  readonly swept: Swept;
  readonly #ring: SealedRing;
  readonly #counters: ResendCounters;
  /** Where to go on: the slot's order of opening, and the datagram in it. */
  #opening: number;
  #index: number;
  #runAt = 0;
  #runBytes = 0;
  #runCount = 0;
  #segmentBytes = 0;

  constructor(ring: SealedRing, swept: Swept, counters: ResendCounters) {
    this.swept = swept;
    this.#ring = ring;
    this.#counters = counters;
    const first = ring.firstResendable();
    this.#opening = first.opening;
    this.#index = first.index;
  }

  /**
   * Send what may go now. True: nothing is left.
   *
   * @param counterNow of the datagram sealed last under this keypair: what lies too far behind it the peer's replay
   *   window would refuse.
   */
  step(atMs: number, maxAgeMs: number, counterNow: number, pacer: Pacer, send: SendAgain): boolean {
    for (let slot = this.#slot(); slot !== null; slot = this.#slot()) {
      if (slot.channelId === this.swept.channelId) {
        const isDone = this.#walk(slot, atMs, maxAgeMs, counterNow, pacer, send);
        this.#flush(send);
        if (!isDone) return false;
      }
      this.#opening = slot.opening + 1;
      this.#index = 0;
    }
    return true;
  }

  #slot(): Slot | null {
    const slot = this.#ring.slotFrom(this.#opening);
    if (slot !== null && slot.opening !== this.#opening) this.#index = 0;
    return slot;
  }

  #walk(
    slot: Slot,
    atMs: number,
    maxAgeMs: number,
    counterNow: number,
    pacer: Pacer,
    send: SendAgain,
  ): boolean {
    const { received, counterMax, countedBeforeMs } = this.swept;
    this.#opening = slot.opening;
    for (; this.#index < slot.count; this.#index++) {
      const counter = slot.counterFirst + this.#index;
      if (counter > counterMax) return true;
      const state = receivedState(received, counter);
      if (state === 'arrived') continue;
      const sealedAtMs = slot.sealedAtMs[this.#index]!;
      const isOld = atMs - sealedAtMs > maxAgeMs || counterNow - counter >= REPLAY_WINDOW;
      if (isOld || state === 'unknown') {
        if (sealedAtMs >= countedBeforeMs) this.#counters.tooOld += 1;
        continue;
      }
      const begin = slot.beginOf(this.#index);
      const bytes = slot.ends[this.#index]! - begin;
      if (!pacer.has(bytes)) {
        this.#counters.overPace += 1;
        continue;
      }
      if (!pacer.mayNow(atMs)) return false;
      pacer.take(bytes);
      this.#add(slot.at + begin, bytes, send);
      this.#counters.datagrams += 1;
      this.#counters.bytes += bytes;
    }
    return true;
  }

  #add(at: number, bytes: number, send: SendAgain): void {
    const isNext =
      this.#runCount > 0 &&
      at === this.#runAt + this.#runBytes &&
      bytes <= this.#segmentBytes &&
      this.#runBytes % this.#segmentBytes === 0 &&
      this.#runCount < DATAGRAMS_MAX &&
      this.#runBytes + bytes <= RUN_BYTES_MAX;
    if (!isNext) {
      this.#flush(send);
      this.#runAt = at;
      this.#segmentBytes = bytes;
    }
    this.#runBytes += bytes;
    this.#runCount += 1;
  }

  #flush(send: SendAgain): void {
    if (this.#runCount === 0) return;
    send(this.#runAt, this.#runBytes, this.#segmentBytes);
    this.#runBytes = 0;
    this.#runCount = 0;
  }
}
