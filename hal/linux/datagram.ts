/**
 * A UDP socket bound to one link by SO_BINDTODEVICE, or to none.
 *
 * One dual-stack IPv6 socket rather than two: one descriptor to poll, one port for both families (so
 * a device keeps its NAT story simple), one set of options. Where the kernel has no IPv6 the same
 * object is an IPv4 socket, and IPv6 destinations are unreachable.
 *
 * Not connected and without IP_RECVERR, so what ICMP claims never reaches us: it can be forged.
 *
 * @module
 */
import { assert } from '../../session/assert.ts';
import type { SocketAddress } from '../../session/wire/address.ts';
import { type DatagramSocket, SEND, type SendResult } from '../datagram.ts';
import type { HalFailure } from '../result.ts';
import { ERRNO } from './errno.ts';
import { errno, libc } from './libc.ts';
import { addressOf, nativeBytes } from './memory.ts';
import { readSockaddr, SOCKADDR_IN6_BYTES, writeSockaddr } from './sockaddr.ts';

const MSG_TRUNC = 0x20;
/** Datagrams skipped in one `receive` (empty or too long) before it says "nothing": the poll returns. */
const SKIPPED_MAX = 16;
const NOBODY: SocketAddress = { family: 4, bytes: new Uint8Array(4), port: 0, scopeId: 0 };

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
]);

/** What `bind.ts` found out while opening. */
export interface OpenedSocket {
  readonly fd: number;
  readonly family: number;
  readonly localPort: number;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  readonly notices: readonly HalFailure[];
}

export class LinuxDatagramSocket implements DatagramSocket {
  readonly fd: number;
  readonly localPort: number;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  readonly notices: readonly HalFailure[];
  source: SocketAddress = NOBODY;
  lastErrno = 0;
  truncatedCount = 0;

  readonly #family: number;
  readonly #to = nativeBytes(SOCKADDR_IN6_BYTES);
  readonly #toPointer = addressOf(this.#to);
  #toAddress: SocketAddress | null = null;
  #toBytes = 0;
  readonly #from = nativeBytes(SOCKADDR_IN6_BYTES);
  readonly #fromPointer = addressOf(this.#from);
  readonly #fromWords = new Uint32Array(this.#from.buffer);
  /** The raw form of `source`, to notice without parsing that the sender is the same. */
  readonly #sourceWords = new Uint32Array(SOCKADDR_IN6_BYTES / 4);
  readonly #fromBytes = nativeBytes(4);
  readonly #fromBytesPointer = addressOf(this.#fromBytes);
  readonly #fromBytesView = new Uint32Array(this.#fromBytes.buffer);

  constructor(opened: OpenedSocket) {
    this.fd = opened.fd;
    this.localPort = opened.localPort;
    this.receiveBufferBytes = opened.receiveBufferBytes;
    this.sendBufferBytes = opened.sendBufferBytes;
    this.notices = opened.notices;
    this.#family = opened.family;
  }

  send(datagram: Uint8Array, bytes: number, to: SocketAddress): SendResult {
    assert(bytes <= datagram.length, 'a datagram is not longer than its buffer');
    if (to !== this.#toAddress) {
      this.#toBytes = writeSockaddr(this.#to, to, this.#family);
      this.#toAddress = to;
    }
    if (this.#toBytes === 0) return SEND.unreachable;
    const sent = libc.sendto(
      this.fd,
      addressOf(datagram),
      bytes,
      0,
      this.#toPointer,
      this.#toBytes,
    );
    if (sent === bytes) return SEND.sent;
    this.lastErrno = errno();
    return SEND_OF_ERRNO.get(this.lastErrno) ?? SEND.failed;
  }

  receive(target: Uint8Array): number {
    for (let skipped = 0; skipped < SKIPPED_MAX; skipped++) {
      this.#fromBytesView[0] = SOCKADDR_IN6_BYTES;
      const bytes = libc.recvfrom(
        this.fd,
        addressOf(target),
        target.length,
        MSG_TRUNC,
        this.#fromPointer,
        this.#fromBytesPointer,
      );
      if (bytes < 0) {
        const code = errno();
        if (code === ERRNO.EAGAIN) return 0;
        this.lastErrno = code; // a pending error, which reading has cleared
      } else if (bytes > target.length) {
        this.truncatedCount++;
      } else if (bytes > 0) {
        this.#noteSource();
        return bytes;
      }
    }
    return 0;
  }

  close(): void {
    libc.close(this.fd);
  }

  #noteSource(): void {
    // An IPv4 sockaddr is shorter; what is behind it stays zero.
    const words = this.#fromWords;
    let isSame = this.source !== NOBODY;
    for (let at = 0; at < words.length; at++) {
      if (words[at] !== this.#sourceWords[at]) isSame = false;
    }
    if (isSame) return;
    this.#sourceWords.set(words);
    this.source = readSockaddr(this.#from, this.#family);
  }
}
