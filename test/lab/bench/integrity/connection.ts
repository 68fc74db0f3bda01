/**
 * One end of one connection: sends pieces of random content and random size for as long as the budget lasts, receives what
 * the other end sends, and hashes both.
 *
 * It never reconnects: a broken connection stays broken and says so.
 *
 * @module
 */
import { NativeMemory } from '../../libc.ts';
import { logUniform, placeOf } from './pool.ts';
import { close, finish, LATER, receive, send } from './socket.ts';

export interface ConnectionFigures {
  /** The same at both ends, and of no other connection. */
  readonly name: string;
  /** 0: the kernel's choice. Only the end that dials knows it. */
  readonly mssBytes: number;
  /** Each write a segment of its own, or several. */
  readonly isSharp: boolean;
  readonly sentBytes: number;
  readonly sentSha256: string;
  readonly receivedBytes: number;
  readonly receivedSha256: string;
  /** Why it broke, or null. */
  readonly error: string | null;
}

/** What all connections of an end may still send together: none is waited for because it is slower than the others. */
export interface Budget {
  leftBytes: number;
}

interface Parts {
  readonly name: string;
  readonly fd: number;
  readonly mssBytes: number;
  readonly isSharp: boolean;
  readonly pool: NativeMemory;
  readonly random: () => number;
  readonly budget: Budget;
}

const WRITE_BYTES_MAX = 65_536;
/** Writes or reads in a row before the others have their turn. */
const BATCH = 8;

/** One at a time is filled and hashed at once: all connections share it. */
const arrived = new NativeMemory(256 * 1024);

export class Connection {
  readonly fd: number;
  sentBytes = 0;
  receivedBytes = 0;
  readonly #parts: Parts;
  readonly #sent = new Bun.CryptoHasher('sha256');
  readonly #received = new Bun.CryptoHasher('sha256');
  #hasSentAll = false;
  #hasReceivedAll = false;
  #error: string | null = null;
  /** Of the piece that is being sent. */
  #at = 0;
  #leftBytes = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.fd = parts.fd;
  }

  get wantsToSend(): boolean {
    return !this.#hasSentAll;
  }

  get isOver(): boolean {
    return this.#error !== null || (this.#hasSentAll && this.#hasReceivedAll);
  }

  /** Do what can be done without waiting. */
  turn(): void {
    try {
      this.#receive();
      if (!this.#hasSentAll) this.#send();
    } catch (error) {
      this.#error = (error as Error).message;
    }
    if (this.isOver) close(this.fd);
  }

  /** When it is over. */
  figures(): ConnectionFigures {
    const { name, mssBytes, isSharp } = this.#parts;
    const { sentBytes, receivedBytes } = this;
    const [sentSha256, receivedSha256] = [this.#sent.digest('hex'), this.#received.digest('hex')];
    const error = this.#error;
    return { name, mssBytes, isSharp, sentBytes, sentSha256, receivedBytes, receivedSha256, error };
  }

  #receive(): void {
    for (let read = 0; read < BATCH && !this.#hasReceivedAll; read += 1) {
      const bytes = receive(this.fd, arrived);
      if (bytes === LATER) return;
      this.#hasReceivedAll = bytes === 0;
      this.receivedBytes += bytes;
      this.#received.update(arrived.bytes.subarray(0, bytes));
    }
  }

  #send(): void {
    const { pool, isSharp } = this.#parts;
    for (let write = 0; write < BATCH; write += 1) {
      if (this.#leftBytes === 0 && !this.#nextPiece()) {
        this.#hasSentAll = true;
        finish(this.fd);
        return;
      }
      const bytes = send(this.fd, pool, this.#at, this.#leftBytes, isSharp);
      if (bytes === LATER) return;
      this.#sent.update(pool.bytes.subarray(this.#at, this.#at + bytes));
      this.sentBytes += bytes;
      this.#at += bytes;
      this.#leftBytes -= bytes;
    }
  }

  /** False when the budget is used up. */
  #nextPiece(): boolean {
    const { budget, random } = this.#parts;
    this.#leftBytes = Math.min(budget.leftBytes, logUniform(random, 1, WRITE_BYTES_MAX));
    this.#at = placeOf(random, this.#leftBytes);
    budget.leftBytes -= this.#leftBytes;
    return this.#leftBytes > 0;
  }
}
