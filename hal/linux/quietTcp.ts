/**
 * A TCP connection as a stream that wakes nobody while nothing moves.
 *
 * A socket of the runtime (`node:net`, `Bun.connect`) keeps two timers of the event loop going for as long as it is
 * open: one of a second, one of four. Each of their ticks also wakes the allocator's thread. For a device whose one
 * connection says something every 45 minutes that is nearly all it would do (docs/decisions/0018-quiet-when-idle.md).
 * So the descriptor is our own: it is read as a file, through the event loop's poll, and written by send(2).
 *
 * Names are looked up and addresses tried in order. Errors are those of `node:net` in form: an Error with `code`.
 *
 * @module
 */
import { lookup } from 'node:dns/promises';
import { Duplex } from 'node:stream';
import { assert } from '../../session/assert.ts';
import { newAddress, type SocketAddress } from '../../session/wire/address.ts';
import { parseIp } from '../../session/wire/ip.ts';
import { ERRNO, errnoName } from './errno.ts';
import { errno, libc } from './libc.ts';
import { addressOf, nativeBytes } from './memory.ts';
import { AF_INET, AF_INET6, SOCKADDR_IN6_BYTES, writeSockaddr } from './sockaddr.ts';
import { SO_BINDTODEVICE, SOL_SOCKET, setText } from './sockopt.ts';

const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SO_ERROR = 4;
const MSG_NOSIGNAL = 0x4000;
const SHUT_WR = 1;
const SHUT_RDWR = 2;
const POLLOUT = 0x4;
const POLLFD_BYTES = 8;
/** One send(2); what is longer takes several. */
const CHUNK_BYTES = 16_384;
/** How often a connection under way, or a full send buffer, is looked at (chosen); doubled up to the most. */
const LOOK_MS = 5;
const LOOK_MAX_MS = 200;
/**
 * So long an address may be silent where there is another one behind it (chosen): far less than the 20 s that a
 * connection to the broker is given, and a lost SYN was repeated by then.
 */
const SILENT_MAX_MS = 3_000;

export interface TcpTarget {
  /** A name or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** The interface that it leaves over, whatever the routes say; left out or null: as they say. A name is looked up as the system does, over whatever that uses. */
  readonly boundTo?: string | null;
}

/** `lookUp`: the addresses of the target, the preferred one first; may reject as the system's resolver does. */
export function openQuietTcp(target: TcpTarget, lookUp: LookUpTarget = addressesOf): Duplex {
  return new QuietTcp(target, lookUp);
}

type LookUpTarget = (target: TcpTarget) => Promise<readonly SocketAddress[]>;

/** Of the stream that the descriptor is read through. */
interface Reader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<unknown>;
}

type Outcome = (error?: Error | null) => void;

class QuietTcp extends Duplex {
  readonly #chunk = nativeBytes(CHUNK_BYTES);
  #fd = -1;
  #reader: Reader | null = null;
  #isReading = false;
  readonly #target: TcpTarget;

  readonly #lookUp: LookUpTarget;

  constructor(target: TcpTarget, lookUp: LookUpTarget) {
    super({ allowHalfOpen: false });
    this.#target = target;
    this.#lookUp = lookUp;
  }

  override _construct(done: Outcome): void {
    this.#connect().then(() => done(), done);
  }

  async #connect(): Promise<void> {
    const { host, port, boundTo = null } = this.#target;
    let refusal = failure('getaddrinfo', 'ENOTFOUND', host);
    const addresses = await this.#lookUp(this.#target);
    for (const address of addresses) {
      if (this.destroyed) return;
      const isLast = address === addresses.at(-1);
      const code = await this.#tryConnect(
        address,
        isLast ? Number.POSITIVE_INFINITY : SILENT_MAX_MS,
      );
      if (code === 0) return;
      const where = boundTo === null ? '' : ` over ${boundTo}`;
      refusal = failure('connect', errnoName(code), `${host}:${port}${where}`);
    }
    throw refusal;
  }

  /** 0, or the error that this address was refused with: ETIMEDOUT after `maxMs` of silence. */
  async #tryConnect(address: SocketAddress, maxMs: number): Promise<number> {
    const family = address.family === 4 ? AF_INET : AF_INET6;
    const fd = libc.socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno();
    const begun = this.#begin(fd, address, family);
    const code = begun === ERRNO.EINPROGRESS ? await this.#settled(fd, maxMs) : begun;
    if (code !== 0 || this.destroyed) {
      libc.close(fd);
      return code;
    }
    this.#fd = fd;
    this.#reader = Bun.file(fd).stream().getReader();
    return 0;
  }

  /** 0, EINPROGRESS, or why not: ENODEV where there is no such interface. */
  #begin(fd: number, address: SocketAddress, family: number): number {
    const { boundTo = null } = this.#target;
    const bound = boundTo === null ? 0 : setText(fd, SOL_SOCKET, SO_BINDTODEVICE, boundTo);
    if (bound !== 0) return bound;
    const sockaddr = nativeBytes(SOCKADDR_IN6_BYTES);
    const length = writeSockaddr(sockaddr, address, family);
    return libc.connect(fd, addressOf(sockaddr), length) === 0 ? 0 : errno();
  }

  /** The kernel says when it is through: `maxMs` or its own timeout bounds this, and whoever destroys the stream. */
  async #settled(fd: number, maxMs: number): Promise<number> {
    let lookMs = LOOK_MS;
    for (let waitedMs = 0; !this.destroyed && waitedMs < maxMs; waitedMs += lookMs) {
      if (waitedMs > 0) lookMs = Math.min(lookMs * 2, LOOK_MAX_MS);
      if (isWritable(fd)) return socketError(fd);
      await Bun.sleep(lookMs);
    }
    return ERRNO.ETIMEDOUT;
  }

  override _read(): void {
    if (this.#isReading || this.#reader === null) return;
    this.#isReading = true;
    this.#reader.read().then(
      ({ done, value }) => {
        this.#isReading = false;
        if (!this.destroyed) this.push(done ? null : value);
      },
      (error: Error) => this.destroy(error),
    );
  }

  override _write(chunk: Uint8Array, _encoding: unknown, done: Outcome): void {
    this.#send(chunk).then(() => done(), done);
  }

  /** What was written in one go leaves in as few segments as it can: a packet costs its headers. */
  override _writev(parts: readonly { chunk: Uint8Array }[], done: Outcome): void {
    this._write(Buffer.concat(parts.map(({ chunk }) => chunk)), null, done);
  }

  async #send(bytes: Uint8Array): Promise<void> {
    let lookMs = LOOK_MS;
    for (let at = 0; at < bytes.length && !this.destroyed; ) {
      const piece = bytes.subarray(at, at + CHUNK_BYTES);
      this.#chunk.set(piece);
      const address = addressOf(this.#chunk);
      const sent = libc.sendto(this.#fd, address, piece.length, MSG_NOSIGNAL, null, 0);
      if (sent >= 0) {
        at += sent;
        lookMs = LOOK_MS;
        continue;
      }
      const code = errno();
      if (code !== ERRNO.EAGAIN && code !== ERRNO.EINTR) throw failure('send', errnoName(code));
      await Bun.sleep(lookMs);
      lookMs = Math.min(lookMs * 2, LOOK_MAX_MS);
    }
  }

  override _final(done: Outcome): void {
    if (this.#fd >= 0) libc.shutdown(this.#fd, SHUT_WR);
    done();
  }

  /** The event loop lets go of the descriptor before it is closed: its number may be another file at once. */
  override _destroy(error: Error | null, done: Outcome): void {
    const fd = this.#fd;
    this.#fd = -1;
    if (fd < 0) return done(error);
    libc.shutdown(fd, SHUT_RDWR);
    const letGo = () => {
      libc.close(fd);
      done(error);
    };
    assert(this.#reader !== null, 'a connection has a reader');
    this.#reader.cancel().then(letGo, letGo);
  }
}

async function addressesOf({ host, port }: TcpTarget): Promise<readonly SocketAddress[]> {
  const literal = parseIp(host);
  if (literal.ok) return [newAddress(literal.value, port)];
  const found = await lookup(host, { all: true });
  return found.flatMap(({ address }) => {
    const ip = parseIp(address);
    return ip.ok ? [newAddress(ip.value, port)] : [];
  });
}

function isWritable(fd: number): boolean {
  const pollfd = nativeBytes(POLLFD_BYTES);
  const view = new DataView(pollfd.buffer);
  view.setInt32(0, fd, true);
  view.setUint16(4, POLLOUT, true);
  return libc.poll(addressOf(pollfd), 1, 0) > 0;
}

/** What became of a connection: 0, or why not. */
function socketError(fd: number): number {
  const value = nativeBytes(4);
  const length = nativeBytes(4);
  length[0] = 4;
  const got = libc.getsockopt(fd, SOL_SOCKET, SO_ERROR, addressOf(value), addressOf(length));
  return got === 0 ? new DataView(value.buffer).getInt32(0, true) : errno();
}

function failure(call: string, code: string, where = ''): Error {
  return Object.assign(new Error(`${call} ${code} ${where}`.trimEnd()), { code });
}
