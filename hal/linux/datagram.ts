/**
 * A UDP socket bound to one link by SO_BINDTODEVICE, or to none.
 *
 * One dual-stack IPv6 socket rather than two: one descriptor to poll, one port for both families (so
 * a device keeps its NAT story simple), one set of options. Where the kernel has no IPv6 the same
 * object is an IPv4 socket, and IPv6 destinations are unreachable.
 *
 * Not connected. What ICMP claims can be forged: on a socket bound to a link it is counted (`errorQueue.ts`) and
 * never an outcome; on others (IP_RECVERR not asked for) it does not reach us.
 * `bind.ts` opens it, `datagramSend.ts` and `datagramReceive.ts` are its two directions.
 *
 * @module
 */
import type { Memory } from '../../session/memory.ts';
import type { SocketAddress } from '../../session/wire/address.ts';
import type { DatagramOffload, DatagramSocket, SendResult } from '../datagram.ts';
import type { HalFailure } from '../result.ts';
import { Receiver } from './datagramReceive.ts';
import { Sender } from './datagramSend.ts';
import { ErrorQueue } from './errorQueue.ts';
import { libc } from './libc.ts';

/** What `bind.ts` found out while opening. */
export interface OpenedSocket {
  readonly fd: number;
  readonly family: number;
  readonly localPort: number;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  readonly offload: DatagramOffload;
  /** What ICMP says can be read. */
  readonly hasErrorQueue: boolean;
  readonly notices: readonly HalFailure[];
}

export class LinuxDatagramSocket implements DatagramSocket {
  readonly fd: number;
  readonly localPort: number;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  readonly notices: readonly HalFailure[];
  readonly #coalesces: boolean;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  readonly #errors: ErrorQueue | null;

  constructor(opened: OpenedSocket) {
    this.fd = opened.fd;
    this.localPort = opened.localPort;
    this.receiveBufferBytes = opened.receiveBufferBytes;
    this.sendBufferBytes = opened.sendBufferBytes;
    this.notices = opened.notices;
    this.#coalesces = opened.offload.coalesce;
    this.#errors = opened.hasErrorQueue ? new ErrorQueue(opened.fd) : null;
    this.#sender = new Sender(opened.fd, opened.family, opened.offload.segment, this.#errors);
    this.#receiver = new Receiver(opened.fd, opened.family, this.#errors);
  }

  get offload(): DatagramOffload {
    return { segment: this.#sender.segments, coalesce: this.#coalesces };
  }

  get source(): SocketAddress {
    return this.#receiver.source;
  }

  get segmentBytes(): number {
    return this.#receiver.segmentBytes;
  }

  get ecn(): number {
    return this.#receiver.ecn;
  }

  get skippedCount(): number {
    return this.#receiver.skippedCount;
  }

  get overflowCount(): number {
    return this.#receiver.overflowCount;
  }

  get icmpCount(): number {
    return this.#errors?.icmpCount ?? 0;
  }

  get unsentCount(): number {
    return this.#sender.unsentCount;
  }

  get lastErrno(): number {
    return this.#sender.lastErrno !== 0 ? this.#sender.lastErrno : this.#receiver.lastErrno;
  }

  send(
    memory: Memory,
    at: number,
    bytes: number,
    segmentBytes: number,
    ecn: number,
    to: SocketAddress,
  ): SendResult {
    return this.#sender.send(memory, at, bytes, segmentBytes, ecn, to);
  }

  receive(memory: Memory, at: number): number {
    return this.#receiver.receive(memory, at);
  }

  close(): void {
    libc.close(this.fd);
  }
}
