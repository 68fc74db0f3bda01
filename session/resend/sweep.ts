/**
 * One walk over the sealed datagrams of a keypair: which of them the peer lacks, oldest first, at the pace given.
 *
 * Sends the bytes as they lie there, under the nonce that they have; seals nothing. It may take many steps. What the
 * peer lacks and does not get is counted, once whatever exchange misses it: also what was overwritten or given away, before
 * the walk or between two of its steps. Allocates nothing for a datagram.
 *
 * @module
 */
import { REPLAY_WINDOW, type Received, receivedState } from '../replay.ts';
import type { SealedRing } from '../sealed/ring.ts';
import type { Slot } from '../sealed/slot.ts';
import type { ResendCounters } from './counters.ts';
import type { Dropped } from './dropped.ts';
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
  /** Of this keypair, by whatever exchange. */
  readonly dropped: Dropped;
}

export class Sweep {
  readonly swept: Swept;
  readonly #ring: SealedRing;
  readonly #counters: ResendCounters;
  /** Where to go on: the slot's order of opening, and the datagram in it. */
  #opening: number;
  #index: number;
  /** The lowest counter that was not judged. Of what is before the first one nobody can tell what arrived. */
  #next: number;
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
    const { counterMax, bitmap } = swept.received;
    this.#next = Math.max(0, counterMax + 1 - bitmap.length * 8);
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
    this.giveUp();
    return true;
  }

  /** None of what was not judged yet can be sent: it is not kept any more, or its keys are gone. */
  giveUp(): void {
    this.#passOver(this.swept.counterMax + 1, false);
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
    const { received, counterMax, dropped } = this.swept;
    this.#opening = slot.opening;
    if (this.#index < slot.count) {
      const isOld = atMs - slot.sealedAtMs[this.#index]! > maxAgeMs;
      this.#passOver(slot.counterFirst + this.#index, isOld);
    }
    for (; this.#index < slot.count; this.#index++) {
      const counter = slot.counterFirst + this.#index;
      if (counter > counterMax) return true;
      this.#next = Math.max(this.#next, counter + 1);
      const state = receivedState(received, counter);
      if (state === 'arrived') continue;
      const sealedAtMs = slot.sealedAtMs[this.#index]!;
      const isOld = atMs - sealedAtMs > maxAgeMs || counterNow - counter >= REPLAY_WINDOW;
      if (isOld || state === 'unknown') {
        if (dropped.takes(counter)) this.#counters.tooOld += 1;
        continue;
      }
      const begin = slot.beginOf(this.#index);
      const bytes = slot.ends[this.#index]! - begin;
      if (!pacer.has(bytes)) {
        if (dropped.takes(counter)) this.#counters.overPace += 1;
        continue;
      }
      if (!pacer.mayNow(atMs)) {
        this.#next = counter; // its turn comes, if it is still there then
        return false;
      }
      pacer.take(bytes);
      this.#add(slot.at + begin, bytes, send);
      this.#counters.datagrams += 1;
      this.#counters.bytes += bytes;
    }
    return true;
  }

  /** What was not judged before `counter` is not kept. `isOld`: nor may it be, for what follows is too old already. */
  #passOver(counter: number, isOld: boolean): void {
    const { received, counterMax, dropped } = this.swept;
    const to = Math.min(counter, counterMax + 1);
    const describedTo = Math.min(to, received.counterMax + 1);
    let lacked = 0;
    for (; this.#next < describedTo; this.#next++) {
      const isMissing = receivedState(received, this.#next) === 'missing';
      if (isMissing && dropped.takes(this.#next)) lacked += 1;
    }
    lacked += dropped.takesAll(this.#next, to);
    this.#next = Math.max(this.#next, to);
    this.#counters[isOld ? 'tooOld' : 'gone'] += lacked;
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
