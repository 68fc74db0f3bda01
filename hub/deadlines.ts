/**
 * The earliest of thousands of deadlines, without touching the rest.
 *
 * A binary heap with one entry a deadline holder. Moving a deadline later touches nothing: the entry
 * is looked at when it comes up and put back. Moving it earlier adds an entry, and the old one is
 * skipped when it comes up; when more than half are old the heap is made anew, so it stays bounded by
 * the number of holders.
 *
 * @module
 */

/** Something that has to be called back in time. */
export interface Timed {
  /** Null: only the outside world can move it. */
  nextDeadlineMs(): number | null;
  /** A call too early is harmless. */
  onTime(atMs: number): void;
  /** What is over must be so before anything that waits is read: keys, bounds. A call too early is harmless. */
  expire?(atMs: number): void;
}

interface Entry {
  readonly atMs: number;
  readonly holder: Timed;
}

export class Deadlines {
  #heap: Entry[] = [];
  /** The valid entry of each holder. */
  readonly #entryOf = new Map<Timed, Entry>();

  /** `holder` may have another deadline than before. Call it after everything that happened to it. */
  note(holder: Timed): void {
    const wantedMs = holder.nextDeadlineMs();
    const entry = this.#entryOf.get(holder);
    if (wantedMs === null || (entry !== undefined && entry.atMs <= wantedMs)) return;
    this.#put({ atMs: wantedMs, holder });
  }

  forget(holder: Timed): void {
    this.#entryOf.delete(holder);
  }

  /** When `run` has to be called at the latest; perhaps too early, never too late. */
  nextMs(): number | null {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (this.#entryOf.get(top.holder) === top) return top.atMs;
      this.#pop();
    }
    return null;
  }

  /** Tell whoever is due that what is over is over; `run` calls them back behind it. */
  expire(atMs: number): void {
    const firstMs = this.nextMs();
    if (firstMs === null || firstMs > atMs) return;
    for (const { holder } of this.#due(atMs)) holder.expire?.(atMs);
  }

  /** Valid entries whose time has come: whatever is under a later one is later still. */
  #due(atMs: number): Entry[] {
    const due: Entry[] = [];
    const left = [0];
    for (let at = left.pop(); at !== undefined; at = left.pop()) {
      const entry = this.#heap[at];
      if (entry === undefined || entry.atMs > atMs) continue;
      if (this.#entryOf.get(entry.holder) === entry) due.push(entry);
      left.push(2 * at + 1, 2 * at + 2);
    }
    return due;
  }

  /** Call back whoever is due; each at most once. */
  run(atMs: number): void {
    const firstMs = this.nextMs();
    if (firstMs === null || firstMs > atMs) return; // nearly always: nothing is allocated
    const due: Timed[] = [];
    for (let nextMs = this.nextMs(); nextMs !== null && nextMs <= atMs; nextMs = this.nextMs()) {
      const { holder } = this.#pop();
      this.#entryOf.delete(holder);
      due.push(holder);
    }
    for (const holder of due) {
      const wantedMs = holder.nextDeadlineMs();
      if (wantedMs !== null && wantedMs <= atMs) holder.onTime(atMs);
      this.note(holder);
    }
  }

  /** Entries kept, old ones included. */
  get size(): number {
    return this.#heap.length;
  }

  #put(entry: Entry): void {
    this.#entryOf.set(entry.holder, entry);
    if (this.#heap.length > 64 && this.#heap.length > this.#entryOf.size * 2) {
      this.#heap = [...this.#entryOf.values()].sort((a, b) => a.atMs - b.atMs); // sorted is a heap
      return;
    }
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
  }

  #rise(from: number): void {
    const heap = this.#heap;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.atMs <= heap[at]!.atMs) return;
      [heap[parent], heap[at]] = [heap[at]!, heap[parent]!];
      at = parent;
    }
  }

  #pop(): Entry {
    const heap = this.#heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return top;
    heap[0] = last;
    let at = 0;
    for (;;) {
      const left = at * 2 + 1;
      let least = at;
      if (left < heap.length && heap[left]!.atMs < heap[least]!.atMs) least = left;
      if (left + 1 < heap.length && heap[left + 1]!.atMs < heap[least]!.atMs) least = left + 1;
      if (least === at) return top;
      [heap[least], heap[at]] = [heap[at]!, heap[least]!];
      at = least;
    }
  }
}
