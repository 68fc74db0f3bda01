/**
 * Sends datagrams over paths, and remembers which of them the system refused to carry.
 *
 * @module
 */
import { SEND } from '../hal/datagram.ts';
import { nativeMemory } from '../hal/linux/memory.ts';
import { countRefused, type PacketCounters } from './status.ts';
import type { Path } from './uplinks.ts';

const DATAGRAM_BYTES = 65_536;

export class Transmitter {
  /** Where datagrams are sealed into; its owner sends it before anybody else may use it. */
  readonly memory = nativeMemory(DATAGRAM_BYTES);
  readonly buffer = this.memory.bytes;
  readonly #counters: PacketCounters;
  readonly #failed = new Set<number>();

  constructor(counters: PacketCounters) {
    this.#counters = counters;
  }

  /** Send the first `bytes` of the buffer. */
  transmit(path: Path, bytes: number): void {
    const result = path.uplink.socket?.send(this.buffer, bytes, path.address) ?? SEND.deviceGone;
    if (result === SEND.sent) return;
    const isFull = result === SEND.wouldBlock;
    countRefused(this.#counters, isFull ? 'sendQueueFull' : 'sendFailed');
    // A full queue is load; these two say that the path is gone.
    if (result === SEND.deviceGone || result === SEND.unreachable) {
      this.#failed.add(path.transportId);
    }
  }

  /** As `transmit`, for a message made elsewhere. */
  transmitCopy(path: Path, message: Uint8Array): void {
    this.buffer.set(message);
    this.transmit(path, message.length);
  }

  get hasFailures(): boolean {
    return this.#failed.size > 0;
  }

  /** Transports whose link refused a datagram since the last call. */
  takeFailures(): readonly number[] {
    const failed = [...this.#failed];
    this.#failed.clear();
    return failed;
  }
}
