/**
 * HAL twins of which one call does not return: the process dies there.
 *
 * Counted are calls that have an effect outside or bring one in: sockets, tun, flash, store. A call that
 * writes or sends is counted twice, before it has happened and after it.
 *
 * @module
 */
import type { DatagramSocket, SendResult } from '../../../hal/datagram.ts';
import type { Flash, FlashResult, FlashSlot } from '../../../hal/flash.ts';
import type { Tun } from '../../../hal/tun.ts';
import type { Memory } from '../../../session/memory.ts';
import type { SocketAddress } from '../../../session/wire/address.ts';

class PowerCut extends Error {
  override readonly name = 'PowerCut';
}

export class Fuse {
  /** Boundaries passed since the last `arm`. */
  passed = 0;
  isBlown = false;
  #blowsAt: number | null = null;

  /** Blow at the n-th boundary from here on; null: never. */
  arm(atBoundary: number | null): void {
    this.passed = 0;
    this.isBlown = false;
    this.#blowsAt = atBoundary;
  }

  /** Do `call` between two boundaries. */
  around<T>(call: () => T): T {
    this.boundary();
    const result = call();
    this.boundary();
    return result;
  }

  /** A read that gave `bytes`; where it gave none nothing has happened. */
  after(bytes: number): number {
    if (bytes !== 0) this.boundary();
    return bytes;
  }

  /** @throws PowerCut */
  boundary(): void {
    this.passed += 1;
    if (this.passed === this.#blowsAt) this.isBlown = true;
    if (this.isBlown) throw new PowerCut();
  }
}

export class FusedFlash implements Flash {
  readonly #flash: Flash;
  readonly #fuse: Fuse;

  constructor(flash: Flash, fuse: Fuse) {
    this.#flash = flash;
    this.#fuse = fuse;
  }

  get slotBytes() {
    return this.#flash.slotBytes;
  }

  get writtenBytes() {
    return this.#flash.writtenBytes;
  }

  readSlot(slot: FlashSlot): Uint8Array | null {
    return this.#fuse.around(() => this.#flash.readSlot(slot));
  }

  writeSlot(slot: FlashSlot, bytes: Uint8Array): FlashResult {
    return this.#fuse.around(() => this.#flash.writeSlot(slot, bytes));
  }
}

export class FusedTun implements Tun {
  readonly #tun: Tun;
  readonly #fuse: Fuse;
  readonly name: string;
  readonly fd = -1;
  readonly offload: Tun['offload'];

  constructor(tun: Tun, fuse: Fuse) {
    this.#tun = tun;
    this.#fuse = fuse;
    this.name = tun.name;
    this.offload = tun.offload;
  }

  get refusedCount() {
    return this.#tun.refusedCount;
  }

  read(memory: Memory, at: number): number {
    return this.#fuse.after(this.#tun.read(memory, at));
  }

  write(memory: Memory, at: number, bytes: number): boolean {
    return this.#fuse.around(() => this.#tun.write(memory, at, bytes));
  }

  close(): void {
    this.#tun.close();
  }
}

export class FusedSocket implements DatagramSocket {
  readonly #socket: DatagramSocket;
  readonly #fuse: Fuse;
  readonly fd = -1;
  readonly localPort: number;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  readonly offload: DatagramSocket['offload'];
  readonly notices = [];
  readonly ecn = 0;
  readonly lastErrno = 0;

  constructor(socket: DatagramSocket, fuse: Fuse) {
    this.#socket = socket;
    this.#fuse = fuse;
    this.localPort = socket.localPort;
    this.receiveBufferBytes = socket.receiveBufferBytes;
    this.sendBufferBytes = socket.sendBufferBytes;
    this.offload = socket.offload;
  }

  get source() {
    return this.#socket.source;
  }

  get segmentBytes() {
    return this.#socket.segmentBytes;
  }

  get skippedCount() {
    return this.#socket.skippedCount;
  }

  get unsentCount() {
    return this.#socket.unsentCount;
  }

  get overflowCount() {
    return this.#socket.overflowCount;
  }

  get icmpCount() {
    return this.#socket.icmpCount;
  }

  send(
    memory: Memory,
    at: number,
    bytes: number,
    segmentBytes: number,
    ecn: number,
    to: SocketAddress,
  ): SendResult {
    return this.#fuse.around(() => this.#socket.send(memory, at, bytes, segmentBytes, ecn, to));
  }

  receive(memory: Memory, at: number): number {
    return this.#fuse.after(this.#socket.receive(memory, at));
  }

  close(): void {
    this.#socket.close();
  }
}
