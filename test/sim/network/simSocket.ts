/**
 * A UDP socket of a simulated machine: the real interface over the simulated internet.
 *
 * @module
 */
import {
  type DatagramOptions,
  type DatagramSocket,
  SEND,
  type SendResult,
} from '../../../hal/datagram.ts';
import type { Memory } from '../../../session/memory.ts';
import type { SocketAddress } from '../../../session/wire/address.ts';
import type { Fuse } from '../machine/powerCut.ts';
import type { Datagram } from './datagram.ts';

/** Chosen: about a megabyte of full-size datagrams. */
const QUEUED_MAX = 1_024;

/** How datagrams leave: the internet's side of a socket. */
export type Way = (bytes: Uint8Array<ArrayBuffer>, to: SocketAddress) => SendResult;

export class SimSocket implements DatagramSocket {
  readonly fd = -1;
  readonly localPort: number;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  readonly notices = [];
  readonly offload = { segment: false, coalesce: false };
  readonly ecn = 0;
  readonly lastErrno = 0;
  readonly link: string | null;
  source: SocketAddress;
  segmentBytes = 0;
  skippedCount = 0;
  overflowCount = 0;
  icmpCount = 0;
  unsentCount = 0;
  isOpen = true;
  readonly #way: Way;
  readonly #fuse: Fuse;
  readonly #onClose: () => void;
  readonly #queue: Datagram[] = [];

  constructor(
    options: DatagramOptions,
    local: SocketAddress,
    parts: { readonly way: Way; readonly fuse: Fuse; readonly onClose: () => void },
  ) {
    this.localPort = local.port;
    this.link = options.link;
    this.receiveBufferBytes = options.bufferBytes;
    this.sendBufferBytes = options.bufferBytes;
    this.source = local;
    this.#way = parts.way;
    this.#fuse = parts.fuse;
    this.#onClose = parts.onClose;
  }

  send(
    memory: Memory,
    at: number,
    bytes: number,
    segmentBytes: number,
    _ecn: number,
    to: SocketAddress,
  ): SendResult {
    let result: SendResult = SEND.sent;
    this.unsentCount = 0;
    for (let done = 0; done < bytes; done += segmentBytes) {
      this.#fuse.call();
      const datagram = memory.bytes.slice(at + done, at + Math.min(bytes, done + segmentBytes));
      const one = this.isOpen ? this.#way(datagram, to) : SEND.deviceGone;
      if (one === SEND.sent) continue;
      this.unsentCount += 1;
      if (result === SEND.sent) result = one;
    }
    return result;
  }

  receive(memory: Memory, at: number): number {
    const datagram = this.#queue.shift();
    if (datagram === undefined) return 0;
    this.#fuse.call();
    memory.bytes.set(datagram.bytes, at);
    this.segmentBytes = datagram.bytes.length;
    this.source = datagram.from;
    return datagram.bytes.length;
  }

  close(): void {
    this.isOpen = false;
    this.#queue.length = 0;
    this.#onClose();
  }

  /** False: the queue is full. */
  arrive(datagram: Datagram): boolean {
    if (this.#queue.length >= QUEUED_MAX) {
      this.overflowCount += 1;
      return false;
    }
    this.#queue.push(datagram);
    return true;
  }

  get hasDatagrams(): boolean {
    return this.#queue.length > 0;
  }
}
