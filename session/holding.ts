/**
 * Packets that wait for somewhere to go: bounded in bytes, count and age, the oldest dropped first.
 *
 * Several may share a budget (I11): once it is spent, whoever has more than its least gives up its own oldest.
 *
 * @module
 */

export interface HoldingLimits {
  readonly bytesMax: number;
  readonly packetsMax: number;
}

/** What several holdings may keep together, beside the least that each of them may. */
export class HoldingBudget {
  readonly bytesMax: number;
  /** Each holding may have so much, whatever the others have. */
  readonly bytesLeast: number;
  bytes = 0;

  constructor(bytesMax: number, bytesLeast: number) {
    this.bytesMax = bytesMax;
    this.bytesLeast = bytesLeast;
  }
}

export class Holding {
  readonly #limits: HoldingLimits;
  readonly #budget: HoldingBudget | null;
  readonly #queue: { readonly packet: Uint8Array; readonly atMs: number }[] = [];
  #bytes = 0;
  /** Packets dropped for want of room or for their age. */
  droppedCount = 0;

  constructor(limits: HoldingLimits, budget: HoldingBudget | null = null) {
    this.#limits = limits;
    this.#budget = budget;
  }

  get count(): number {
    return this.#queue.length;
  }

  /** Whether one more of `bytes` would push nothing out. */
  hasRoom(bytes: number): boolean {
    const { bytesMax, packetsMax } = this.#limits;
    return (
      this.#bytes + bytes <= bytesMax &&
      this.#queue.length < packetsMax &&
      !this.#isOverBudget(bytes)
    );
  }

  /** Keep a copy of `packet`; whatever no longer fits is dropped from the old end. */
  hold(packet: Uint8Array, atMs: number): void {
    this.#queue.push({ packet: packet.slice(), atMs });
    this.#count(packet.length);
    const { bytesMax, packetsMax } = this.#limits;
    while (this.#bytes > bytesMax || this.#queue.length > packetsMax) this.#drop();
    while (this.#isOverBudget(0)) this.#drop();
  }

  /** Hand out what is at most `ageMaxMs` old, oldest first, at most `countMax` of it, and forget what is older. */
  release(
    atMs: number,
    ageMaxMs: number,
    send: (packet: Uint8Array) => void,
    countMax = Number.POSITIVE_INFINITY,
  ): void {
    while (this.#queue[0] !== undefined && atMs - this.#queue[0].atMs > ageMaxMs) this.#drop();
    const held = this.#queue.splice(0, Math.min(countMax, this.#queue.length));
    for (const { packet } of held) this.#count(-packet.length);
    for (const { packet } of held) send(packet);
  }

  /** Forget everything. */
  clear(): void {
    while (this.#queue.length > 0) this.#drop();
  }

  #isOverBudget(more: number): boolean {
    const budget = this.#budget;
    if (budget === null || this.#bytes + more <= budget.bytesLeast) return false;
    return budget.bytes + more > budget.bytesMax;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#budget !== null) this.#budget.bytes += bytes;
  }

  #drop(): void {
    const dropped = this.#queue.shift();
    if (dropped === undefined) return;
    this.#count(-dropped.packet.length);
    this.droppedCount += 1;
  }
}
