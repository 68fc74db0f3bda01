/**
 * Sends datagrams over paths, and remembers which of them the system refused to carry.
 *
 * @module
 */
import { SEND, type SendResult } from '../hal/datagram.ts';
import type { Memory, NewMemory } from '../session/memory.ts';
import { countRefused, type PacketCounters } from './status.ts';
import type { Path } from './uplinks.ts';

/** The longest message that is not data. */
const MESSAGE_BYTES = 4_096;

const NONE: ReadonlySet<string> = new Set();

export class Transmitter {
  readonly #message: Memory;
  readonly #counters: PacketCounters;
  readonly #failed = new Set<number>();
  /** Links on which something was refused that may concern one flow alone. */
  readonly #doubted = new Set<string>();

  constructor(counters: PacketCounters, newMemory: NewMemory) {
    this.#message = newMemory(MESSAGE_BYTES);
    this.#counters = counters;
  }

  /** Send a run (`hal/datagram.ts`). What a full queue does not take is dropped and counted. */
  transmit(
    path: Path,
    memory: Memory,
    at: number,
    bytes: number,
    segmentBytes: number,
    ecn: number,
  ): void {
    const { socket } = path.uplink;
    const result =
      socket?.send(memory, at, bytes, segmentBytes, ecn, path.address) ?? SEND.deviceGone;
    const datagrams = Math.ceil(bytes / segmentBytes);
    const unsent = result === SEND.sent ? 0 : (socket?.unsentCount ?? datagrams);
    const sent = datagrams - unsent;
    if (sent > 0) {
      path.uplink.meter.passed(sent, Math.min(bytes, sent * segmentBytes), path.address.family);
    }
    if (result !== SEND.sent) this.#refused(path, result, unsent);
  }

  /** Send one message that is not data: its own bytes, sealed or not. */
  transmitMessage(path: Path, message: Uint8Array): void {
    this.#message.bytes.set(message);
    this.transmit(path, this.#message, 0, message.length, message.length, 0);
  }

  /** Whether there is something to take below. */
  get hasFailures(): boolean {
    return this.#failed.size > 0 || this.#doubted.size > 0;
  }

  /** Transports whose link refused a datagram since the last call. */
  takeFailures(): readonly number[] {
    const failed = [...this.#failed];
    this.#failed.clear();
    return failed;
  }

  /** Links about which the system was unwilling since the last call, which is reason to ask and no verdict. */
  takeDoubted(): ReadonlySet<string> {
    if (this.#doubted.size === 0) return NONE;
    const doubted = new Set(this.#doubted);
    this.#doubted.clear();
    return doubted;
  }

  #refused(path: Path, result: SendResult, datagrams: number): void {
    const isFull = result === SEND.wouldBlock;
    countRefused(this.#counters, isFull ? 'sendQueueFull' : 'sendFailed', datagrams);
    // A full queue is load, and a datagram that is too long is our own. What ICMP brought (`refused`) says nothing: the
    // socket counts it apart.
    switch (result) {
      case SEND.deviceGone:
      case SEND.unreachable: // the path is gone
        this.#failed.add(path.transportId);
        return;
      case SEND.permission:
      case SEND.failed: // a firewall may mean one flow, and an error that nobody knows may mean anything
        this.#doubted.add(path.uplink.name);
    }
  }
}
