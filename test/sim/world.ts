/**
 * Virtual time: a queue of things that will happen, in one total order. Nothing here sleeps.
 *
 * @module
 */

/** More happenings than this without an end is a machine that spins: a finding, not a slow run. */
const HAPPENINGS_MAX = 2_000_000;

/** No progress. */
export class Stuck extends Error {}

interface Happening {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class World {
  nowMs = 1_000;
  happenings = 0;
  #order = 0;
  /** A binary heap, earliest first; equal times keep the order in which they were scheduled. */
  readonly #heap: Happening[] = [];

  after(delayMs: number, run: () => void): void {
    this.#push({ atMs: this.nowMs + Math.max(0, delayMs), order: this.#order++, run });
  }

  /** Advance to `untilMs`, one happening at a time, with `check` after each. */
  runUntil(untilMs: number, check: () => void = () => {}): void {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#pop();
      this.happenings += 1;
      if (this.happenings > HAPPENINGS_MAX) throw new Stuck(`no progress at ${this.nowMs} ms`);
      this.nowMs = next.atMs;
      next.run();
      check();
    }
    this.nowMs = untilMs;
  }

  #push(happening: Happening): void {
    const heap = this.#heap;
    let at = heap.push(happening) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(heap[at]!, heap[parent]!)) return;
      [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
      at = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      if (left >= heap.length) return;
      const child =
        left + 1 < heap.length && isBefore(heap[left + 1]!, heap[left]!) ? left + 1 : left;
      if (!isBefore(heap[child]!, heap[at]!)) return;
      [heap[at], heap[child]] = [heap[child]!, heap[at]!];
      at = child;
    }
  }
}

const isBefore = (a: Happening, b: Happening) =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
