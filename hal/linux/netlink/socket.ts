/**
 * An rtnetlink socket: for events (non-blocking, with groups) or for requests and their answers.
 *
 * Only messages of the kernel are looked at: other processes can send to a netlink socket, too.
 *
 * @module
 */
import { assert } from '../../../session/assert.ts';
import { type HalFailure, type HalResult, halFail, halOk } from '../../result.ts';
import { ERRNO, errnoName } from '../errno.ts';
import { errno, libc } from '../libc.ts';
import { addressOf, nativeBytes } from '../memory.ts';
import { setBuffer, setReceiveTimeout } from '../sockopt.ts';
import { NETLINK_ROUTE } from './constants.ts';
import { type NetlinkBody, type NetlinkMessage, parseNetlink } from './parse.ts';
import type { Request } from './request.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const MSG_TRUNC = 0x20;
const SOCKADDR_BYTES = 12;
/** The kernel sends dumps in pieces of at most 32 KiB. */
const RECEIVE_BYTES = 65_536;
const REQUEST_MAX = 1_024;
/** Room for a burst of events; the kernel's default is 208 KiB. */
const BUFFER_BYTES = 1_048_576;
const ANSWER_TIMEOUT_MS = 1_000;
/** Datagrams of one dump: at 32 KiB each, 128 MiB. */
const DATAGRAMS_MAX = 4_096;
const INTERRUPTED_MAX = 5;

/** What one read of the event socket gave. `lost` means: read everything anew. */
export type Events = readonly NetlinkMessage[] | 'nothing' | 'lost';

export class NetlinkSocket {
  readonly fd: number;
  readonly bufferBytes: number;
  /** What the kernel answered to the last request: 0 or an errno. */
  lastErrno = 0;
  readonly #received = nativeBytes(RECEIVE_BYTES);
  readonly #request = nativeBytes(REQUEST_MAX);
  readonly #from = nativeBytes(SOCKADDR_BYTES);
  readonly #fromBytes = nativeBytes(4);
  #sequence = 0;

  constructor(fd: number, bufferBytes: number) {
    this.fd = fd;
    this.bufferBytes = bufferBytes;
  }

  /** One datagram of events. */
  receive(): Events {
    new DataView(this.#fromBytes.buffer).setUint32(0, SOCKADDR_BYTES, true);
    const bytes = libc.recvfrom(
      this.fd,
      addressOf(this.#received),
      RECEIVE_BYTES,
      MSG_TRUNC,
      addressOf(this.#from),
      addressOf(this.#fromBytes),
    );
    if (bytes < 0) return errno() === ERRNO.EAGAIN ? 'nothing' : 'lost';
    if (bytes > RECEIVE_BYTES) return 'lost';
    const senderPort = new DataView(this.#from.buffer).getUint32(4, true);
    if (senderPort !== 0) return [];
    const parsed = parseNetlink(this.#received.subarray(0, bytes));
    return parsed.ok ? parsed.value : 'lost';
  }

  /** Send a request and collect its answer: the rows of a dump, or nothing but success. */
  exchange(request: Request, what: string): HalResult<readonly NetlinkBody[]> {
    for (let attempt = 0; attempt < INTERRUPTED_MAX; attempt++) {
      const answer = this.#exchangeOnce(request, what);
      if (answer !== 'interrupted') return answer;
    }
    return halFail('netlinkRefused', `${what}: kept changing while it was read`);
  }

  close(): void {
    libc.close(this.fd);
  }

  #exchangeOnce(request: Request, what: string): HalResult<readonly NetlinkBody[]> | 'interrupted' {
    assert(request.length <= REQUEST_MAX, 'a request fits its buffer');
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.#request.set(request);
    new DataView(this.#request.buffer).setUint32(8, this.#sequence, true);
    this.lastErrno = 0;
    const sent = libc.sendto(this.fd, addressOf(this.#request), request.length, 0, null, 0);
    if (sent !== request.length) return this.#refusal(what, errno());

    const rows: NetlinkBody[] = [];
    let isInterrupted = false;
    for (let datagram = 0; datagram < DATAGRAMS_MAX; datagram++) {
      const events = this.receive();
      if (events === 'nothing') return halFail('netlinkSilent', what);
      if (events === 'lost') return 'interrupted';
      for (const { sequence, body, isInterrupted: isTorn } of events) {
        if (sequence !== this.#sequence) continue; // of an earlier request that timed out
        isInterrupted ||= isTorn;
        if (body.kind === 'answer' && body.errno !== 0) return this.#refusal(what, body.errno);
        if (body.kind === 'answer') return halOk([]);
        if (body.kind === 'done') return isInterrupted ? 'interrupted' : halOk(rows);
        rows.push(body);
      }
    }
    return halFail('netlinkRefused', `${what}: the dump has no end`);
  }

  #refusal(what: string, code: number): HalFailure {
    this.lastErrno = code;
    const detail = `${what}: ${errnoName(code)}`;
    if (code === ERRNO.EPERM || code === ERRNO.EACCES) return halFail('netAdminMissing', detail);
    return halFail(code === ERRNO.ENODEV ? 'deviceMissing' : 'netlinkRefused', detail);
  }
}

/** With `groups` for events, without for requests. */
export function openNetlink(groups: number): HalResult<NetlinkSocket> {
  const type = SOCK_RAW | SOCK_CLOEXEC | (groups === 0 ? 0 : SOCK_NONBLOCK);
  const fd = libc.socket(AF_NETLINK, type, NETLINK_ROUTE);
  if (fd < 0) return halFail('systemCallFailed', `socket AF_NETLINK: ${errnoName(errno())}`);
  const bufferBytes = setBuffer(fd, 'receive', BUFFER_BYTES);
  if (groups === 0) setReceiveTimeout(fd, ANSWER_TIMEOUT_MS);
  const sockaddr = nativeBytes(SOCKADDR_BYTES);
  const view = new DataView(sockaddr.buffer);
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(8, groups, true);
  if (libc.bind(fd, addressOf(sockaddr), SOCKADDR_BYTES) === 0) {
    return halOk(new NetlinkSocket(fd, bufferBytes));
  }
  const code = errno();
  libc.close(fd);
  return halFail('systemCallFailed', `bind AF_NETLINK: ${errnoName(code)}`);
}
