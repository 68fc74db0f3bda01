/**
 * An internet in memory: sockets with addresses, and one function that decides what happens on the way.
 *
 * Without such a function datagrams arrive at once and in order. With it the caller delays, drops,
 * duplicates or rewrites (NAT) them by calling {@link MemoryNetwork.deliver} when and as it likes.
 * No timers, no randomness.
 *
 * @module
 */
import { assert } from '../../session/assert.ts';
import type { Memory } from '../../session/memory.ts';
import { formatAddress, newAddress, type SocketAddress } from '../../session/wire/address.ts';
import { parseIp } from '../../session/wire/ip.ts';
import { type DatagramOptions, type DatagramSocket, SEND, type SendResult } from '../datagram.ts';
import { type HalResult, halFail, halOk } from '../result.ts';

/** Chosen: about a megabyte of full-size datagrams, as the real buffers. */
const QUEUED_MAX = 1_024;
const EPHEMERAL_FIRST = 32_768;

export interface Datagram {
  readonly from: SocketAddress;
  readonly to: SocketAddress;
  readonly bytes: Uint8Array;
  /** The link it left on, or null for a socket bound to none. */
  readonly link: string | null;
}

interface Host {
  /** Link → its addresses. */
  readonly links: Map<string, readonly string[]>;
}

export class MemoryNetwork {
  readonly #sockets = new Map<string, MemoryDatagramSocket>();
  #carry: (datagram: Datagram) => void = (datagram) => this.deliver(datagram);
  #portNext = EPHEMERAL_FIRST;

  /** From here on `carry` decides the fate of every datagram sent. */
  onSend(carry: (datagram: Datagram) => void): void {
    this.#carry = carry;
  }

  /** Hand a datagram to whoever has its destination; false if nobody does or its queue is full. */
  deliver(datagram: Datagram): boolean {
    return this.#sockets.get(formatAddress(datagram.to))?.enqueue(datagram) ?? false;
  }

  /** The socket at canonical `ip:port`, for a test that makes it fail. */
  socketAt(address: string): MemoryDatagramSocket | null {
    return this.#sockets.get(address) ?? null;
  }

  /** A machine whose links have these addresses; change them later by setting the map. */
  newHost(links: Readonly<Record<string, readonly string[]>>): MemoryHost {
    return new MemoryHost(this, { links: new Map(Object.entries(links)) });
  }

  /** Internal to the twins. */
  attach(key: string, socket: MemoryDatagramSocket): boolean {
    if (this.#sockets.has(key)) return false;
    this.#sockets.set(key, socket);
    return true;
  }

  detach(socket: MemoryDatagramSocket): void {
    for (const [key, owner] of this.#sockets) if (owner === socket) this.#sockets.delete(key);
  }

  send(datagram: Datagram): void {
    this.#carry(datagram);
  }

  nextPort(): number {
    assert(this.#portNext <= 65_535, 'ports do not run out in a test');
    return this.#portNext++;
  }
}

export class MemoryHost {
  readonly #network: MemoryNetwork;
  readonly #host: Host;

  constructor(network: MemoryNetwork, host: Host) {
    this.#network = network;
    this.#host = host;
  }

  /** Give a link other addresses; none takes it away. Sockets keep what they had until reopened. */
  setAddresses(link: string, addresses: readonly string[]): void {
    if (addresses.length === 0) this.#host.links.delete(link);
    else this.#host.links.set(link, addresses);
  }

  openDatagramSocket(options: DatagramOptions): HalResult<DatagramSocket> {
    const { link } = options;
    if (link !== null && !this.#host.links.has(link)) return halFail('deviceMissing', link);
    const port = options.port === 0 ? this.#network.nextPort() : options.port;
    const texts =
      link === null ? [...this.#host.links.values()].flat() : this.#host.links.get(link)!;
    const locals: SocketAddress[] = [];
    for (const text of texts) {
      const ip = parseIp(text);
      if (!ip.ok) return halFail('addressInvalid', text);
      if (options.address === null || options.address === text) {
        locals.push(newAddress(ip.value, port));
      }
    }
    if (locals.length === 0) return halFail('addressUnavailable', `${options.address}`);
    const socket = new MemoryDatagramSocket(this.#network, this.#host, options, locals);
    for (const local of locals) {
      if (this.#network.attach(formatAddress(local), socket)) continue;
      this.#network.detach(socket);
      return halFail('addressInUse', formatAddress(local));
    }
    return halOk(socket);
  }
}

export class MemoryDatagramSocket implements DatagramSocket {
  readonly fd = -1;
  readonly localPort: number;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  readonly notices = [];
  readonly offload = { segment: false, coalesce: false };
  source: SocketAddress;
  segmentBytes = 0;
  /** Outer headers carry nothing here. */
  readonly ecn = 0;
  lastErrno = 0;
  skippedCount = 0;
  readonly overflowCount = 0;
  /** Raised by a test: somebody sent an ICMP error. */
  icmpCount = 0;
  unsentCount = 0;
  /** Datagrams that found the queue full. */
  droppedCount = 0;
  /** Set by a test: what `send` answers instead of sending. */
  sendResult: SendResult = SEND.sent;
  readonly #network: MemoryNetwork;
  readonly #host: Host;
  readonly #link: string | null;
  readonly #locals: readonly SocketAddress[];
  readonly #queue: Datagram[] = [];

  constructor(
    network: MemoryNetwork,
    host: Host,
    options: DatagramOptions,
    locals: readonly SocketAddress[],
  ) {
    this.#network = network;
    this.#host = host;
    this.#link = options.link;
    this.#locals = locals;
    this.localPort = locals[0]!.port;
    this.source = locals[0]!;
    this.receiveBufferBytes = options.bufferBytes;
    this.sendBufferBytes = options.bufferBytes;
  }

  send(
    memory: Memory,
    at: number,
    bytes: number,
    segmentBytes: number,
    _ecn: number,
    to: SocketAddress,
  ): SendResult {
    this.unsentCount = Math.ceil(bytes / segmentBytes);
    if (this.sendResult !== SEND.sent) return this.sendResult;
    if (this.#link !== null && !this.#host.links.has(this.#link)) return SEND.deviceGone;
    const from = this.#locals.find(({ family }) => family === to.family);
    if (from === undefined) return SEND.unreachable;
    this.unsentCount = 0;
    for (let done = 0; done < bytes; done += segmentBytes) {
      const datagram = memory.bytes.slice(at + done, at + Math.min(bytes, done + segmentBytes));
      this.#network.send({ from, to, bytes: datagram, link: this.#link });
    }
    return SEND.sent;
  }

  receive(memory: Memory, at: number): number {
    for (let left = this.#queue.length; left > 0; left--) {
      const datagram = this.#queue.shift()!;
      const { length } = datagram.bytes;
      if (length === 0 || length > memory.bytes.length - at) {
        this.skippedCount++;
      } else {
        memory.bytes.set(datagram.bytes, at);
        this.segmentBytes = datagram.bytes.length;
        this.source = datagram.from;
        return datagram.bytes.length;
      }
    }
    return 0;
  }

  close(): void {
    this.#network.detach(this);
  }

  enqueue(datagram: Datagram): boolean {
    if (this.#queue.length >= QUEUED_MAX) {
      this.droppedCount++;
      return false;
    }
    this.#queue.push(datagram);
    return true;
  }
}
