/**
 * Windows of time, sorted once and then asked by bisection whether one of them reaches into another.
 *
 * ```text
 *   by their beginning   ├──────────────┤
 *                           ├───┤   ├─────────┤         ├──┤
 *   latest end so far    ───────────────┤─────┤─────────┤──┤
 * ```
 *
 * Those that begin before another one ends are the first few, and of them only the latest end matters. Pure.
 *
 * @module
 */

/** By the clock of a process; without its ends. One that ends where it begins is that moment. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

export class Windows {
  /** Ascending. */
  readonly #fromMs: Float64Array;
  /** The latest end of the windows up to there. */
  readonly #latestMs: Float64Array;

  constructor(windows: readonly Window[]) {
    // Two that both begin before everything have no difference: they are equal.
    const sorted = windows.toSorted((one, other) => one.fromMs - other.fromMs || 0);
    this.#fromMs = Float64Array.from(sorted, ({ fromMs }) => fromMs);
    let latestMs = Number.NEGATIVE_INFINITY;
    this.#latestMs = Float64Array.from(sorted, ({ toMs }) => {
      latestMs = Math.max(latestMs, toMs);
      return latestMs;
    });
  }

  /** Whether one of them begins before `window` ends, and ends behind its beginning. */
  reachInto({ fromMs, toMs }: Window): boolean {
    const count = this.#countBefore(toMs);
    return count > 0 && this.#latestMs[count - 1]! > fromMs;
  }

  /** How many begin before `atMs`. */
  #countBefore(atMs: number): number {
    let [low, high] = [0, this.#fromMs.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#fromMs[middle]! < atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
