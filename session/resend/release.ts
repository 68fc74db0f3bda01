/**
 * Packets that waited go out a few at a time: all at once they would overflow the buffers of those they are for.
 *
 * Newer ones queue behind them, as long as there is room. Knows no clock; the shell calls back at `nextDeadlineMs`.
 *
 * @module
 */
import type { Holding } from '../holding.ts';
import { PACE_MS, STEP_DATAGRAMS_MAX } from './pacer.ts';

export class GradualRelease {
  readonly #holding: Holding;
  #steppedAtMs = Number.NEGATIVE_INFINITY;

  constructor(holding: Holding) {
    this.#holding = holding;
  }

  /** Hand out what may go now, oldest first; `ageMaxMs` as for the holding. */
  step(atMs: number, ageMaxMs: number, send: (packet: Uint8Array) => void): void {
    // The sum that `nextDeadlineMs` gives: a difference may be rounded to less, and then the time never comes.
    if (atMs < this.#steppedAtMs + PACE_MS) return;
    this.#steppedAtMs = atMs;
    this.#holding.release(atMs, ageMaxMs, send, STEP_DATAGRAMS_MAX);
  }

  /** When the next step may be taken, or null: nothing waits. */
  nextDeadlineMs(): number | null {
    return this.#holding.count === 0 ? null : this.#steppedAtMs + PACE_MS;
  }
}
