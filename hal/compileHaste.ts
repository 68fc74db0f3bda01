/**
 * How soon a thread's code is compiled to machine code: at once while much moves, hardly ever while little does.
 *
 * The runtime compiles what has been called some thirty times, on threads of its own, and again better after some hundred.
 * For a flow that is reached in milliseconds. A device that is asked something every five seconds reaches it as well,
 * function by function, for ten minutes and longer, and each time wakes a compiler, the allocator and whoever waits for
 * them. So the thresholds are a thousand times higher until something rushes, and again when that is long over.
 *
 * Pure, except for {@link compileWithHaste}.
 *
 * @module
 */

/** So many bytes in a second are no small talk (chosen): a health report and all that goes with it are half of that. */
const RUSH_BYTES = 8_192;
const WINDOW_MS = 1_000;
/** Without as many for so long, the rush is over (chosen): a pause between two transfers changes nothing. */
const OVER_MS = 10_000;
/** What the thresholds are multiplied with (chosen): an idle device does not get there between two collections. */
const RELUCTANCE = 1_000;

export type Haste = 'reluctant' | 'eager';

export class CompileHaste {
  haste: Haste = 'reluctant';
  #windowAtMs = Number.NEGATIVE_INFINITY;
  #windowBytes = 0;
  #rushedAtMs = Number.NEGATIVE_INFINITY;

  /** So many bytes moved, none included. @returns the haste to change to, or null. */
  note(bytes: number, nowMs: number): Haste | null {
    if (nowMs - this.#windowAtMs >= WINDOW_MS) {
      this.#windowAtMs = nowMs;
      this.#windowBytes = 0;
    }
    this.#windowBytes += bytes;
    if (this.#windowBytes >= RUSH_BYTES) this.#rushedAtMs = nowMs;
    const haste = nowMs - this.#rushedAtMs < OVER_MS ? 'eager' : 'reluctant';
    if (haste === this.haste) return null;
    this.haste = haste;
    return haste;
  }
}

/** For the thread that calls it, from here on. */
export function compileWithHaste(haste: Haste): void {
  Bun.unsafe.setJITPolicy(haste === 'eager' ? 1 : RELUCTANCE);
}
