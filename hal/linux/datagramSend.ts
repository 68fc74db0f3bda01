/**
 * The sending direction of a UDP socket: a run by one sendmsg with UDP_SEGMENT, or datagram by
 * datagram.
 *
 * UDP_SEGMENT is given up for good where the device cannot compute the checksums (EIO), and for one
 * run where its datagrams are longer than the way to that peer takes in one piece (EINVAL, EMSGSIZE):
 * one by one the kernel fragments them.
 * Any other error is believed when it comes twice: the first may be one that ICMP brought and that waited for the next
 * call (`errorQueue.ts`), and the datagram goes out after it. A run that was too long is not handed over again: one by
 * one its datagrams go out whoever said so.
 * Source: udp(7), ip(7), ipv6(7); linux/udp.h.
 *
 * @module
 */
import type { Memory } from '../../session/memory.ts';
import type { SocketAddress } from '../../session/wire/address.ts';
import { SEND, type SendResult } from '../datagram.ts';
import { ERRNO } from './errno.ts';
import type { ErrorQueue } from './errorQueue.ts';
import { errno, libc } from './libc.ts';
import { assertInside } from './memory.ts';
import { Message } from './message.ts';
import { writeSockaddr } from './sockaddr.ts';
import { IP_TOS, IPPROTO_IP, IPPROTO_IPV6, IPV6_TCLASS, SOL_UDP, UDP_SEGMENT } from './sockopt.ts';

const SEND_OF_ERRNO = new Map<number, SendResult>([
  [ERRNO.EAGAIN, SEND.wouldBlock],
  [ERRNO.ENOBUFS, SEND.wouldBlock],
  [ERRNO.ENOMEM, SEND.wouldBlock],
  [ERRNO.ENETUNREACH, SEND.unreachable],
  [ERRNO.EHOSTUNREACH, SEND.unreachable],
  [ERRNO.EADDRNOTAVAIL, SEND.unreachable],
  [ERRNO.EAFNOSUPPORT, SEND.unreachable],
  [ERRNO.ENODEV, SEND.deviceGone],
  [ERRNO.ENXIO, SEND.deviceGone],
  [ERRNO.ENETDOWN, SEND.deviceGone],
  [ERRNO.EPERM, SEND.permission],
  [ERRNO.EACCES, SEND.permission],
  [ERRNO.EMSGSIZE, SEND.tooLong],
  [ERRNO.ECONNREFUSED, SEND.refused],
]);

/** Whether it may be about the run as such, and its datagrams go out one by one. ICMP can only say the last of these. */
const isOfSegments = (code: number) =>
  code === ERRNO.EIO || code === ERRNO.EINVAL || code === ERRNO.EMSGSIZE;

/** One control message with up to 8 bytes of data: 24 bytes, 6 words. */
const CONTROL_WORDS = 6;

export class Sender {
  lastErrno = 0;
  /** Datagrams of the last run that were not sent. */
  unsentCount = 0;
  /** Whether runs go out by one call. */
  segments: boolean;
  readonly #fd: number;
  readonly #family: number;
  readonly #message = new Message();
  #to: SocketAddress | null = null;
  #toBytes = 0;

  readonly #errors: ErrorQueue | null;

  constructor(fd: number, family: number, segments: boolean, errors: ErrorQueue | null) {
    this.#fd = fd;
    this.#family = family;
    this.segments = segments;
    this.#errors = errors;
  }

  send(
    memory: Memory,
    at: number,
    bytes: number,
    segmentBytes: number,
    ecn: number,
    to: SocketAddress,
  ): SendResult {
    assertInside(memory, at, bytes);
    if (to !== this.#to) {
      this.#toBytes = writeSockaddr(this.#message.name, to, this.#family);
      this.#message.nameBytes = this.#toBytes;
      this.#to = to;
    }
    this.unsentCount = 0;
    if (this.#toBytes === 0) return this.#refused(SEND.unreachable, bytes, segmentBytes);
    const isOne = bytes <= segmentBytes;
    if (!isOne && !this.segments) return this.#oneByOne(memory, at, bytes, segmentBytes, ecn, to);
    const code = this.#transmit(memory.address + at, bytes, isOne ? 0 : segmentBytes, ecn, to);
    if (code === 0) return SEND.sent;
    if (!isOne && isOfSegments(code)) {
      if (code === ERRNO.EIO) this.segments = false;
      return this.#oneByOne(memory, at, bytes, segmentBytes, ecn, to);
    }
    return this.#refused(SEND_OF_ERRNO.get(code) ?? SEND.failed, bytes, segmentBytes);
  }

  #refused(result: SendResult, bytes: number, segmentBytes: number): SendResult {
    this.unsentCount = Math.ceil(bytes / segmentBytes);
    return result;
  }

  #oneByOne(
    memory: Memory,
    at: number,
    bytes: number,
    segmentBytes: number,
    ecn: number,
    to: SocketAddress,
  ): SendResult {
    let first: SendResult = SEND.sent;
    for (let done = 0; done < bytes; done += segmentBytes) {
      const here = Math.min(segmentBytes, bytes - done);
      const code = this.#transmit(memory.address + at + done, here, 0, ecn, to);
      if (code === 0) continue;
      const result = SEND_OF_ERRNO.get(code) ?? SEND.failed;
      if (first === SEND.sent) first = result;
      // The queue will not be emptier for the next one.
      if (result === SEND.wouldBlock) {
        this.unsentCount += Math.ceil((bytes - done) / segmentBytes);
        return first;
      }
      this.unsentCount += 1;
    }
    return first;
  }

  /** 0 or the errno. @param segmentBytes 0: as one datagram. */
  #transmit(
    address: number,
    bytes: number,
    segmentBytes: number,
    ecn: number,
    to: SocketAddress,
  ): number {
    const message = this.#message;
    let words = 0;
    if (segmentBytes > 0) {
      this.#control(0, 2, SOL_UDP, UDP_SEGMENT, segmentBytes);
      words = CONTROL_WORDS;
    }
    if (ecn !== 0) {
      if (to.family === 4) this.#control(words, 4, IPPROTO_IP, IP_TOS, ecn);
      else this.#control(words, 4, IPPROTO_IPV6, IPV6_TCLASS, ecn);
      words += CONTROL_WORDS;
    }
    message.controlBytes = words * 4;
    message.setData(address, bytes);
    if (libc.sendmsg(this.#fd, message.address, 0) === bytes) return 0;
    this.lastErrno = errno();
    if (segmentBytes > 0 && isOfSegments(this.lastErrno)) return this.lastErrno;
    return this.#isPending(this.lastErrno) ? this.#again(bytes) : this.lastErrno;
  }

  /** Whether it may be about an earlier datagram. A full queue never is. */
  #isPending(code: number): boolean {
    return this.#errors !== null && SEND_OF_ERRNO.get(code) !== SEND.wouldBlock;
  }

  /** What the machine itself says stays; of errors that keep coming by ICMP none is believed. */
  #again(bytes: number): number {
    const { icmpCount } = this.#errors!;
    this.#errors?.drain();
    if (libc.sendmsg(this.#fd, this.#message.address, 0) === bytes) return 0;
    this.lastErrno = errno();
    const before = this.#errors!.icmpCount;
    this.#errors?.drain();
    const isFlooded = before !== icmpCount && this.#errors!.icmpCount !== before;
    return isFlooded ? ERRNO.ECONNREFUSED : this.lastErrno;
  }

  #control(at: number, dataBytes: number, level: number, type: number, value: number): void {
    const { control } = this.#message;
    control[at] = 16 + dataBytes;
    control[at + 1] = 0;
    control[at + 2] = level;
    control[at + 3] = type;
    control[at + 4] = value;
    control[at + 5] = 0;
  }
}
