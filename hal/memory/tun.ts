/**
 * A tun without a kernel: the test plays the applications behind it. It offers no offloads, so a read
 * is one complete packet and what is written is complete too.
 *
 * Queues are bounded like a device's transmit queue; what does not fit is dropped and counted.
 *
 * @module
 */
import type { Memory } from '../../session/memory.ts';
import { VIRTIO_BYTES } from '../../session/packet/virtio.ts';
import { NO_TUN_OFFLOAD, TUN_GONE, TUN_READ_BYTES, type Tun } from '../tun.ts';

/** As Linux gives a tun device (txqueuelen 500). */
const QUEUED_MAX = 500;

export class MemoryTun implements Tun {
  readonly name: string;
  readonly fd = -1;
  readonly offload = NO_TUN_OFFLOAD;
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

  read(memory: Memory, at: number): number {
    if (this.#isGone) return TUN_GONE;
    const packet = this.#outbound.shift();
    if (packet === undefined) return 0;
    const bytes = Math.min(packet.length, TUN_READ_BYTES - VIRTIO_BYTES);
    memory.bytes.fill(0, at, at + VIRTIO_BYTES);
    memory.bytes.set(packet.subarray(0, bytes), at + VIRTIO_BYTES);
    return VIRTIO_BYTES + bytes;
  }

  write(memory: Memory, at: number, bytes: number): boolean {
    if (this.#isGone || !this.isUp || this.#inbound.length >= QUEUED_MAX) {
      this.refusedCount++;
      return false;
    }
    this.#inbound.push(memory.bytes.slice(at + VIRTIO_BYTES, at + bytes));
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
