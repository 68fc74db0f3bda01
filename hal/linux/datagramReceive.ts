/**
 * The receiving direction of a UDP socket: one recvmsg takes a run that the kernel coalesced (UDP_GRO),
 * and says its segment length, its ECN bits and how many datagrams the buffer had no room for.
 *
 * Source: udp(7), ip(7), ipv6(7), socket(7) SO_RXQ_OVFL.
 *
 * @module
 */
import type { Memory } from '../../session/memory.ts';
import type { SocketAddress } from '../../session/wire/address.ts';
import { RECEIVE_BYTES } from '../datagram.ts';
import { ERRNO } from './errno.ts';
import type { ErrorQueue } from './errorQueue.ts';
import { errno, libc } from './libc.ts';
import { assertInside } from './memory.ts';
import { Message } from './message.ts';
import { readSockaddr, SOCKADDR_IN6_BYTES } from './sockaddr.ts';
import {
  IP_TOS,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_TCLASS,
  SO_RXQ_OVFL,
  SOL_SOCKET,
  SOL_UDP,
  UDP_GRO,
} from './sockopt.ts';

const MSG_TRUNC = 0x20;
/** Datagrams skipped in one `receive` (empty or too long) before it says "nothing": the poll returns. */
const SKIPPED_MAX = 16;
const NOBODY: SocketAddress = { family: 4, bytes: new Uint8Array(4), port: 0, scopeId: 0 };

export class Receiver {
  source: SocketAddress = NOBODY;
  segmentBytes = 0;
  ecn = 0;
  skippedCount = 0;
  overflowCount = 0;
  lastErrno = 0;
  readonly #fd: number;
  readonly #family: number;
  readonly #message = new Message();
  /** The raw form of `source`, to notice without parsing that the sender is the same. */
  readonly #sourceWords = new Uint32Array(SOCKADDR_IN6_BYTES / 4);

  readonly #errors: ErrorQueue | null;
  /** A datagram has come since the descriptor was empty. */
  #hasRead = false;

  constructor(fd: number, family: number, errors: ErrorQueue | null) {
    this.#fd = fd;
    this.#family = family;
    this.#errors = errors;
  }

  receive(memory: Memory, at: number): number {
    const message = this.#message;
    assertInside(memory, at, 1);
    const bytesMax = Math.min(RECEIVE_BYTES, memory.bytes.length - at);
    message.setData(memory.address + at, bytesMax);
    for (let skipped = 0; skipped < SKIPPED_MAX; skipped++) {
      message.rearm();
      const bytes = libc.recvmsg(this.#fd, message.address, 0);
      if (bytes < 0) {
        const code = errno();
        if (code === ERRNO.EAGAIN) return this.#empty();
        this.lastErrno = code; // a pending error, which reading has cleared
        this.#errors?.drain();
      } else if (bytes === 0 || (message.flags & MSG_TRUNC) !== 0) {
        this.skippedCount++;
      } else {
        this.#hasRead = true;
        this.segmentBytes = bytes;
        this.ecn = 0;
        this.#readControl();
        this.#noteSource();
        return bytes;
      }
    }
    return 0;
  }

  /** Woken without a datagram: then errors wait, and would wake us again and again. */
  #empty(): number {
    if (!this.#hasRead) this.#errors?.drain();
    this.#hasRead = false;
    return 0;
  }

  #readControl(): void {
    const { control, controlBytes } = this.#message;
    for (let at = 0; at * 4 + 16 < controlBytes; ) {
      const bytes = control[at]!;
      if (bytes < 16) return;
      this.#note(control[at + 2]!, control[at + 3]!, control[at + 4]!);
      at += ((bytes + 7) >>> 3) * 2;
    }
  }

  #note(level: number, type: number, value: number): void {
    if (level === SOL_UDP && type === UDP_GRO) {
      if (value > 0 && value < this.segmentBytes) this.segmentBytes = value;
    } else if (level === IPPROTO_IP && type === IP_TOS) {
      this.ecn = value & 3; // one byte of data; what is behind it is above these bits
    } else if (level === IPPROTO_IPV6 && type === IPV6_TCLASS) {
      this.ecn = value & 3;
    } else if (level === SOL_SOCKET && type === SO_RXQ_OVFL) {
      this.overflowCount = value;
    }
  }

  #noteSource(): void {
    // An IPv4 sockaddr is shorter; what is behind it stays zero.
    const words = this.#message.nameWords;
    let isSame = this.source !== NOBODY;
    for (let at = 0; at < words.length; at++) {
      if (words[at] !== this.#sourceWords[at]) isSame = false;
    }
    if (isSame) return;
    this.#sourceWords.set(words);
    this.source = readSockaddr(this.#message.name, this.#family);
  }
}
