/**
 * How many authentic control messages of one device are acted upon.
 *
 * A device is trusted with its own session and with nothing else: each of its frames costs the seat a step and
 * often an answer, so one that floods would take the thread from all the others. What is beyond is dropped and
 * counted after it was opened: only the device itself can use its budget up, not somebody who read an index.
 *
 * @module
 */
/** An echo every 5 ms and the probes of a few standby links are less (docs/protocol.md, "Liveness"). Chosen. */
export const FRAMES_PER_SECOND_MAX = 500;
/** Doubt makes bursts; a second's worth at once would hold up the others. Chosen. */
export const FRAMES_AT_ONCE_MAX = 250;

export class FrameBudget {
  #left = FRAMES_AT_ONCE_MAX;
  #atMs: number;

  constructor(atMs: number) {
    this.#atMs = atMs;
  }

  /** Whether one more may be acted upon now; it is taken. */
  take(atMs: number): boolean {
    const gained = ((atMs - this.#atMs) * FRAMES_PER_SECOND_MAX) / 1_000;
    this.#left = Math.min(FRAMES_AT_ONCE_MAX, this.#left + gained);
    this.#atMs = atMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
