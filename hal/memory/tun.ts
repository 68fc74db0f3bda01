/**
 * A tun without a kernel: the test plays the applications behind it.
 *
 * Queues are bounded like a device's transmit queue; what does not fit is dropped and counted.
 *
 * @module
 */
import { TUN_GONE, type Tun } from '../tun.ts';

/** As Linux gives a tun device (txqueuelen 500). */
const QUEUED_MAX = 500;

export class MemoryTun implements Tun {
  readonly name: string;
  readonly fd = -1;
  refusedCount = 0;
  /** Packets of applications that found the queue full. */
  droppedCount = 0;
  isUp = true;
  readonly #outbound: Uint8Array[] = [];
  readonly #inbound: Uint8Array[] = [];
  #isGone = false;

  constructor(name = 'mem0') {
    this.name = name;
  }

  read(target: Uint8Array): number {
    if (this.#isGone) return TUN_GONE;
    const packet = this.#outbound.shift();
    if (packet === undefined) return 0;
    const bytes = Math.min(packet.length, target.length);
    target.set(packet.subarray(0, bytes));
    return bytes;
  }

  write(packet: Uint8Array, bytes: number): boolean {
    if (this.#isGone || !this.isUp || this.#inbound.length >= QUEUED_MAX) {
      this.refusedCount++;
      return false;
    }
    this.#inbound.push(packet.slice(0, bytes));
    return true;
  }

  close(): void {
    this.#isGone = true;
  }

  /** An application sends `packet` into the tunnel. */
  sendFromApplication(packet: Uint8Array): void {
    if (this.#outbound.length >= QUEUED_MAX) this.droppedCount++;
    else this.#outbound.push(packet.slice());
  }

  /** What the tunnel delivered to applications since the last call, oldest first. */
  takeDelivered(): Uint8Array[] {
    return this.#inbound.splice(0);
  }
}
