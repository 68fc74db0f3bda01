/**
 * A tun whose applications are the simulator. It offers no offloads; queues are bounded like a
 * device's (txqueuelen 500).
 *
 * @module
 */
import { NO_TUN_OFFLOAD, TUN_READ_BYTES, type Tun } from '../../../hal/tun.ts';
import type { Memory } from '../../../session/memory.ts';
import { VIRTIO_BYTES } from '../../../session/packet/virtio.ts';
import type { Fuse } from '../machine/powerCut.ts';

const QUEUED_MAX = 500;

export class SimTun implements Tun {
  readonly name: string;
  readonly fd = -1;
  readonly offload = NO_TUN_OFFLOAD;
  readonly refusedCount = 0;
  /** What comes out, the packet alone; the bytes are the receiver's for this call only. */
  onDelivered: (packet: Uint8Array) => void = () => {};
  /** Packets that its process has taken. */
  readCount = 0;
  readonly #fuse: Fuse;
  #queue: Uint8Array[] = [];

  constructor(name: string, fuse: Fuse) {
    this.name = name;
    this.#fuse = fuse;
  }

  read(memory: Memory, at: number): number {
    const packet = this.#queue.shift();
    if (packet === undefined) return 0;
    this.readCount += 1;
    this.#fuse.call();
    const bytes = Math.min(packet.length, TUN_READ_BYTES - VIRTIO_BYTES);
    memory.bytes.fill(0, at, at + VIRTIO_BYTES);
    memory.bytes.set(packet.subarray(0, bytes), at + VIRTIO_BYTES);
    return VIRTIO_BYTES + bytes;
  }

  write(memory: Memory, at: number, bytes: number): boolean {
    this.#fuse.call();
    this.onDelivered(memory.bytes.subarray(at + VIRTIO_BYTES, at + bytes));
    return true;
  }

  close(): void {
    this.#queue = [];
    this.readCount = 0;
  }

  /** An application sends; false: the queue is full. */
  sendFromApplication(packet: Uint8Array): boolean {
    if (this.#queue.length >= QUEUED_MAX) return false;
    this.#queue.push(packet);
    return true;
  }

  get hasPackets(): boolean {
    return this.#queue.length > 0;
  }
}
