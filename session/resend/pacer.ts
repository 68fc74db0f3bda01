/**
 * How fast what a cut swallowed is sent again: a bucket that fills with the new path's rate.
 *
 * In all at most {@link BUDGET_MS} of that rate go out for one exchange: a queue in front of a slow link
 * delays all that comes behind it, and what is older than that is worth less than what is new. Knows no
 * clock; the rate is what `rate.ts` says.
 *
 * Source: docs/protocol.md, "Resending what a cut swallowed".
 *
 * @module
 */
import { assert } from '../assert.ts';

/** Of the new path's rate, for one exchange (docs/protocol.md). */
export const BUDGET_MS = 250;
/** How often more is sent. Chosen: little enough at a time, and few wake-ups for a cut. */
export const PACE_MS = 2;
/**
 * Datagrams that go out in one step, however fast the path is. Chosen: what comes out of the tunnel goes into the buffers of
 * applications, and those that are not asked for hold some 250 small packets (Linux, `net.core.rmem_default`).
 */
export const STEP_DATAGRAMS_MAX = 64;
/** So much of the rate may go out at once: a loop that wakes late catches up. Chosen. */
const BURST_MS = 5;
/** … and so much whatever the rate: two full packets. */
const BURST_BYTES_MIN = 3_000;

export class Pacer {
  readonly #bytesPerMs: number;
  readonly #burstBytes: number;
  #allowance: number;
  #datagrams = STEP_DATAGRAMS_MAX;
  #atMs: number;
  #budgetBytes: number;

  /** @param bytesPerSecond above 0. */
  constructor(bytesPerSecond: number, atMs: number) {
    assert(bytesPerSecond > 0, 'a path has a rate');
    this.#bytesPerMs = bytesPerSecond / 1_000;
    this.#burstBytes = Math.max(BURST_BYTES_MIN, this.#bytesPerMs * BURST_MS);
    this.#allowance = this.#burstBytes;
    this.#atMs = atMs;
    this.#budgetBytes = Math.max(BURST_BYTES_MIN, Math.floor(this.#bytesPerMs * BUDGET_MS));
  }

  /** What this exchange may still send in all. */
  get budgetBytes(): number {
    return this.#budgetBytes;
  }

  /** Whether a datagram may go out now. One that is longer than what is left borrows from later. */
  mayNow(atMs: number): boolean {
    const gained = (atMs - this.#atMs) * this.#bytesPerMs;
    this.#allowance = Math.min(this.#burstBytes, this.#allowance + gained);
    const more = ((atMs - this.#atMs) * STEP_DATAGRAMS_MAX) / PACE_MS;
    this.#datagrams = Math.min(STEP_DATAGRAMS_MAX, this.#datagrams + more);
    this.#atMs = atMs;
    return this.#allowance > 0 && this.#datagrams >= 1;
  }

  /** Whether the budget still holds `bytes`. */
  has(bytes: number): boolean {
    return bytes <= this.#budgetBytes;
  }

  take(bytes: number): void {
    assert(this.has(bytes), 'the budget is asked first');
    this.#allowance -= bytes;
    this.#datagrams -= 1;
    this.#budgetBytes -= bytes;
  }
}
