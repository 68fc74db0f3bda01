/**
 * Whether the wall clock has stood long enough to throw away what is old by it. Pure: both clocks are handed in.
 *
 * A machine that starts without the time, or is told a wrong one, would else forget a month in a second.
 *
 * @module
 */
const DAY_MS = 86_400_000;
const STANDS_MS = 3_600_000;

export class SteadyClock {
  #wallMs: number | null;
  #monoMs: number;
  /** By the monotonic clock. */
  #sinceMs = Number.NEGATIVE_INFINITY;

  /** @param wallMs when something was written last, or null: a time long after that may be a wrong one. */
  constructor(wallMs: number | null, monoMs: number) {
    this.#wallMs = wallMs;
    this.#monoMs = monoMs;
  }

  /** To be asked often: a jump of more than a day is one between two questions. */
  isSteady(wallMs: number, monoMs: number): boolean {
    const passedMs = monoMs - this.#monoMs;
    if (this.#wallMs !== null && Math.abs(wallMs - this.#wallMs - passedMs) > DAY_MS) {
      this.#sinceMs = monoMs;
    }
    this.#wallMs = wallMs;
    this.#monoMs = monoMs;
    return monoMs - this.#sinceMs >= STANDS_MS;
  }
}
