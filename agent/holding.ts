/**
 * Packets that wait for a binding: bounded in bytes, count and age, oldest dropped first and counted.
 *
 * @module
 */

const PACKETS_MAX = 4_096;

export class Holding {
  readonly #queue: { packet: Uint8Array; atMs: number }[] = [];
  #bytes = 0;
  droppedCount = 0;

  get count(): number {
    return this.#queue.length;
  }

  /** Keep a copy of `packet`; whatever no longer fits is dropped from the old end. */
  hold(packet: Uint8Array, atMs: number, bytesMax: number): void {
    this.#queue.push({ packet: packet.slice(), atMs });
    this.#bytes += packet.length;
    while (this.#bytes > bytesMax || this.#queue.length > PACKETS_MAX) this.#drop();
  }

  /** Hand out what is younger than `ageMaxMs`, oldest first, and forget the rest. */
  release(atMs: number, ageMaxMs: number, send: (packet: Uint8Array) => void): void {
    while (this.#queue[0] !== undefined && atMs - this.#queue[0].atMs > ageMaxMs) this.#drop();
    for (const { packet } of this.#queue) send(packet);
    this.#queue.length = 0;
    this.#bytes = 0;
  }

  #drop(): void {
    const dropped = this.#queue.shift();
    if (dropped === undefined) return;
    this.#bytes -= dropped.packet.length;
    this.droppedCount += 1;
  }
}
