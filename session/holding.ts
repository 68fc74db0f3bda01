/**
 * Packets that wait for somewhere to go: bounded in bytes, count and age, the oldest dropped first.
 *
 * @module
 */

export interface HoldingLimits {
  readonly bytesMax: number;
  readonly packetsMax: number;
}

export class Holding {
  readonly #limits: HoldingLimits;
  readonly #queue: { readonly packet: Uint8Array; readonly atMs: number }[] = [];
  #bytes = 0;
  /** Packets dropped for want of room or for their age. */
  droppedCount = 0;

  constructor(limits: HoldingLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#queue.length;
  }

  /** Whether one more of `bytes` would push nothing out. */
  hasRoom(bytes: number): boolean {
    const { bytesMax, packetsMax } = this.#limits;
    return this.#bytes + bytes <= bytesMax && this.#queue.length < packetsMax;
  }

  /** Keep a copy of `packet`; whatever no longer fits is dropped from the old end. */
  hold(packet: Uint8Array, atMs: number): void {
    this.#queue.push({ packet: packet.slice(), atMs });
    this.#bytes += packet.length;
    const { bytesMax, packetsMax } = this.#limits;
    while (this.#bytes > bytesMax || this.#queue.length > packetsMax) this.#drop();
  }

  /** Hand out what is at most `ageMaxMs` old, oldest first, and forget the rest. */
  release(atMs: number, ageMaxMs: number, send: (packet: Uint8Array) => void): void {
    while (this.#queue[0] !== undefined && atMs - this.#queue[0].atMs > ageMaxMs) this.#drop();
    const held = this.#queue.splice(0);
    this.#bytes = 0;
    for (const { packet } of held) send(packet);
  }

  /** Forget everything. */
  clear(): void {
    while (this.#queue.length > 0) this.#drop();
  }

  #drop(): void {
    const dropped = this.#queue.shift();
    if (dropped === undefined) return;
    this.#bytes -= dropped.packet.length;
    this.droppedCount += 1;
  }
}
