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

const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
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

export interface TcpTarget {
  /** A name or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

export function openQuietTcp(target: TcpTarget): Duplex {
  return new QuietTcp(target);
}

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

  constructor(target: TcpTarget) {
    super({ allowHalfOpen: false });
    this.#target = target;
  }

  override _construct(done: Outcome): void {
    this.#connect().then(() => done(), done);
  }

  async #connect(): Promise<void> {
    const { host, port } = this.#target;
    let refusal = failure('getaddrinfo', 'ENOTFOUND', host);
    for (const address of await addressesOf(this.#target)) {
      if (this.destroyed) return;
      const code = await this.#tryConnect(address);
      if (code === 0) return;
      refusal = failure('connect', errnoName(code), `${host}:${port}`);
    }
    throw refusal;
  }

  /** 0, or the error that this address was refused with. */
  async #tryConnect(address: SocketAddress): Promise<number> {
    const family = address.family === 4 ? AF_INET : AF_INET6;
    const fd = libc.socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno();
    const sockaddr = nativeBytes(SOCKADDR_IN6_BYTES);
    const length = writeSockaddr(sockaddr, address, family);
    const begun = libc.connect(fd, addressOf(sockaddr), length) === 0 ? 0 : errno();
    const code = begun === ERRNO.EINPROGRESS ? await this.#settled(fd) : begun;
    if (code !== 0 || this.destroyed) {
      libc.close(fd);
      return code;
    }
    this.#fd = fd;
    this.#reader = Bun.file(fd).stream().getReader();
    return 0;
  }

  /** The kernel says when it is through: its own timeout bounds this, and whoever destroys the stream. */
  async #settled(fd: number): Promise<number> {
    for (let lookMs = LOOK_MS; !this.destroyed; lookMs = Math.min(lookMs * 2, LOOK_MAX_MS)) {
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
