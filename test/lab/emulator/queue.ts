/**
 * Frames under way, ordered by arrival time; equal times keep the order of entry.
 *
 * A binary heap over preallocated arrays: nothing is allocated per frame. It knows slot numbers, not frames.
 *
 * @module
 */

export class ArrivalQueue {
  readonly #atMs: Float64Array;
  readonly #turn: Float64Array;
  readonly #slot: Int32Array;
  #size = 0;
  #turns = 0;
  #poppedTurn = -1;

  constructor(capacity: number) {
    this.#atMs = new Float64Array(capacity);
    this.#turn = new Float64Array(capacity);
    this.#slot = new Int32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** Arrival time of the next frame, Infinity if there is none. */
  get nextAtMs(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#atMs[0]!;
  }

  /** How many frames entered before the one that {@link pop} returned last. */
  get poppedTurn(): number {
    return this.#poppedTurn;
  }

  /** Add a frame; false if the queue is full and nothing was added. */
  push(atMs: number, slot: number): boolean {
    if (this.#size === this.#atMs.length) return false;
    let hole = this.#size;
    this.#size += 1;
    const turn = this.#turns;
    this.#turns += 1;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      // A newcomer with an equal time stays behind.
      if (this.#atMs[parent]! <= atMs) break;
      this.#move(parent, hole);
      hole = parent;
    }
    this.#put(hole, atMs, turn, slot);
    return true;
  }

  /** Take the next frame out and return its slot, -1 if there is none. */
  pop(): number {
    if (this.#size === 0) return -1;
    const slot = this.#slot[0]!;
    this.#poppedTurn = this.#turn[0]!;
    this.#size -= 1;
    const last = this.#size;
    if (last === 0) return slot;
    const atMs = this.#atMs[last]!;
    const turn = this.#turn[last]!;
    let hole = 0;
    for (;;) {
      let child = hole * 2 + 1;
      if (child >= last) break;
      if (child + 1 < last && this.#isBefore(child + 1, this.#atMs[child]!, this.#turn[child]!)) {
        child += 1;
      }
      if (!this.#isBefore(child, atMs, turn)) break;
      this.#move(child, hole);
      hole = child;
    }
    this.#put(hole, atMs, turn, this.#slot[last]!);
    return slot;
  }

  #isBefore(index: number, atMs: number, turn: number): boolean {
    const at = this.#atMs[index]!;
    return at < atMs || (at === atMs && this.#turn[index]! < turn);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#atMs[from]!, this.#turn[from]!, this.#slot[from]!);
  }

  #put(index: number, atMs: number, turn: number, slot: number): void {
    this.#atMs[index] = atMs;
    this.#turn[index] = turn;
    this.#slot[index] = slot;
  }
}
