/**
 * The counter that nonces are made of. Each value is given out once (I12).
 *
 * @module
 */
import { assert } from '../assert.ts';

export interface CounterLimits {
  /** From this many packets on, a new keypair is due. */
  readonly rekeyAfterPackets: number;
  /** This many packets may be sealed, and not one more. */
  readonly rejectAfterPackets: number;
}

/**
 * WireGuard's own limits are 2^60 and 2^64 − 2^13 − 1 (whitepaper §6.1); counters here are JS
 * numbers, so both are lower, and no keypair lives long enough to notice.
 */
export const COUNTER_LIMITS: CounterLimits = {
  rekeyAfterPackets: 2 ** 52,
  rejectAfterPackets: 2 ** 53 - 1,
};

/**
 * AES-256-GCM: 2^28 packets are the limit that docs/protocol.md sets; the rekey is due at half of
 * it, which leaves minutes at 2.5 Gbit/s for a handshake to succeed (chosen).
 */
export const AES_COUNTER_LIMITS: CounterLimits = {
  rekeyAfterPackets: 2 ** 27,
  rejectAfterPackets: 2 ** 28,
};

/** What `take` returns when the keypair may seal nothing more. */
export const COUNTER_EXHAUSTED = -1;

export class SendCounter {
  readonly #limits: CounterLimits;
  #next = 0;
  #last = -1;

  constructor(limits: CounterLimits) {
    assert(limits.rejectAfterPackets <= COUNTER_LIMITS.rejectAfterPackets, 'counters stay exact');
    this.#limits = limits;
  }

  /** The next counter, or {@link COUNTER_EXHAUSTED}. */
  take(): number {
    if (this.#next >= this.#limits.rejectAfterPackets) return COUNTER_EXHAUSTED;
    const counter = this.#next;
    // Here and not in session/invariants: there is no call to spare on the way of a packet.
    assert(counter > this.#last, 'a send counter never repeats');
    this.#last = counter;
    this.#next = counter + 1;
    return counter;
  }

  /** Counter of the newest packet, −1 before the first. */
  get last(): number {
    return this.#last;
  }

  get needsRekey(): boolean {
    return this.#next >= this.#limits.rekeyAfterPackets;
  }
}
