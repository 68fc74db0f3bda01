/**
 * How fast what is sent again may go out: two buckets, one of bytes and one of datagrams, that fill with time.
 *
 * An exchange that follows on another one at once begins with full ones.
 *
 * Its numbers are those of the page and not the product's. What one exchange may send in all, 250 ms of the rate, is more
 * than any run sends in two seconds, so it is no rule here (`test/unit/session/resend/pacer.test.ts`).
 *
 * Source: docs/protocol.md, "Resending what a cut swallowed".
 *
 * @module
 */
import type { LinkKind } from '../../../session/wire/frames.ts';

/** Bytes a millisecond that a link of its kind is taken for, unless more was measured: 100, 20 and 8 Mbit/s. */
const ASSUMED: Readonly<Record<LinkKind, number>> = {
  ethernet: 12_500,
  wifi: 2_500,
  lte: 1_000,
  usb: 1_000,
  other: 1_000,
};
/** 64 in 2 ms. */
const DATAGRAMS_PER_MS = 32;
const DATAGRAMS_AT_ONCE = 64;
/** Two full packets go at once whatever the rate, and of a fast path what 5 ms of it carry. */
const BYTES_AT_ONCE_MIN = 3_000;
const AT_ONCE_MS = 5;
/** A clock that drifts by a percent is none of a run's, and the world's steps are shorter than this. */
const DRIFT = 1.01;
const ROUNDING_MS = 1;

/** What is sent again comes every 2 ms: after such a pause it is another exchange's, and everything is full again. */
const PAUSE_MS = 10;

/** It may go below zero, by the datagram that empties it. */
class Bucket {
  #level = 0;

  fill(by: number, max: number): void {
    this.#level = Math.min(max, this.#level + by);
  }

  get isEmpty(): boolean {
    return this.#level <= 0;
  }

  take(amount: number): void {
    this.#level -= amount;
  }
}

/** Of one sender towards one receiver. */
export class Pace {
  readonly #bytes = new Bucket();
  readonly #datagrams = new Bucket();
  /** Newest exchange that was asked for, and how many were since something was sent again. */
  #exchange: string | null = null;
  #exchanges = 0;
  /** How often full ones may begin before the next pause. */
  #refills = 0;
  /** Bytes a millisecond, the most that the receiver said it measured. */
  #told = 0;
  #atMs = Number.NEGATIVE_INFINITY;

  /** The receiver says what it has, in an exchange of that name, and how fast it came in. */
  asked(exchange: string, bytesPerSecond: number): void {
    this.#told = Math.max(this.#told, bytesPerSecond / 1_000);
    if (exchange === this.#exchange) return;
    this.#exchange = exchange;
    this.#exchanges += 1;
  }

  /** A datagram of `bytes` goes out once more over a link of that kind; what is wrong with it, or null. */
  again(bytes: number, kind: LinkKind, atMs: number): string | null {
    const perMs = Math.max(ASSUMED[kind], this.#told);
    const bytesMax = Math.max(BYTES_AT_ONCE_MIN, perMs * AT_ONCE_MS) + perMs * ROUNDING_MS;
    const datagramsMax = DATAGRAMS_AT_ONCE + DATAGRAMS_PER_MS * ROUNDING_MS;
    const forMs = (atMs - this.#atMs) * DRIFT;
    this.#atMs = atMs;
    this.#bytes.fill(forMs * perMs, bytesMax);
    this.#datagrams.fill(forMs * DATAGRAMS_PER_MS, datagramsMax);
    this.#refills =
      forMs > PAUSE_MS ? Math.max(0, this.#exchanges - 1) : this.#refills + this.#exchanges;
    this.#exchanges = 0;
    if ((this.#bytes.isEmpty || this.#datagrams.isEmpty) && this.#refills > 0) {
      this.#refills -= 1;
      this.#bytes.fill(bytesMax, bytesMax);
      this.#datagrams.fill(datagramsMax, datagramsMax);
    }
    const isHasty = this.#bytes.isEmpty || this.#datagrams.isEmpty;
    this.#bytes.take(bytes);
    this.#datagrams.take(1);
    return isHasty ? `faster than ${perMs * 8} kbit/s, or than 64 datagrams in 2 ms` : null;
  }
}
