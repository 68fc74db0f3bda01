/**
 * TAI64N timestamps: what makes an initiation newer than all before it.
 *
 * ```text
 *   seconds u64 BE = 2^62 + 10 + unix seconds │ nanoseconds u32 BE      12 bytes
 * ```
 *
 * Compared as byte strings; nothing here reads a clock. The device takes the later of its wall
 * clock and what it has reserved ahead on flash; the responder keeps the greatest it has seen for
 * each peer and refuses the rest, which is what stops a replayed initiation.
 *
 * Source: WireGuard whitepaper §5.1, §5.4.2; TAI64N as in wireguard's own implementations, which
 * ignore leap seconds after 1972.
 *
 * @module
 */
import { assert } from '../assert.ts';

export const TIMESTAMP_BYTES = 12;

/** Initiations of one peer closer together than this are dropped as a flood. WireGuard: 50 a second. */
export const INITIATION_INTERVAL_MS = 20;

const SECONDS_HIGH = 0x40000000;
const TAI_OFFSET_SECONDS = 10;
/** The year 10000: beyond it is nonsense, and below it milliseconds stay exact. Chosen. */
const WALL_SECONDS_END = 253_402_300_800;

/** Nanoseconds are cut to 2^24 (16.8 ms), so that initiations do not publish a precise clock. */
const WHITENER_MASK = 0xffffff;

/** The timestamp of a wall clock reading. Two readings within 16.8 ms may give the same one. */
export function timestampOf(wallMs: number): Uint8Array {
  assert(Number.isFinite(wallMs) && wallMs >= 0, 'wall time is after 1970');
  const seconds = Math.floor(wallMs / 1000);
  const nanoseconds = Math.floor((wallMs - seconds * 1000) * 1e6);
  const taiSeconds = seconds + TAI_OFFSET_SECONDS;
  // A clock without a battery may come up with any year; wrapped, it would never be newer again.
  const high = SECONDS_HIGH + Math.floor(taiSeconds / 2 ** 32);
  return write(high, taiSeconds % 2 ** 32, nanoseconds & ~WHITENER_MASK);
}

/** Wall time that a timestamp stands for, or null where it is no time from 1970 to the year 9999. */
export function wallMsOf(timestamp: Uint8Array): number | null {
  const view = viewOf(timestamp);
  const high = view.getUint32(0) - SECONDS_HIGH;
  const seconds = high * 2 ** 32 + view.getUint32(4) - TAI_OFFSET_SECONDS;
  if (seconds < 0 || seconds >= WALL_SECONDS_END) return null;
  return seconds * 1000 + view.getUint32(8) / 1e6;
}

/** Below 0 where `a` is earlier, 0 where equal, above 0 where later. */
export function compareTimestamps(a: Uint8Array, b: Uint8Array): number {
  assert(a.length === TIMESTAMP_BYTES && b.length === TIMESTAMP_BYTES, 'timestamps of 12 bytes');
  for (let i = 0; i < TIMESTAMP_BYTES; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function latestTimestamp(a: Uint8Array, b: Uint8Array): Uint8Array {
  return compareTimestamps(a, b) >= 0 ? a : b;
}

/** The least timestamp after `timestamp`, or null after the last one there is. */
export function nextAfter(timestamp: Uint8Array): Uint8Array | null {
  const view = viewOf(timestamp);
  const [high, low, nanoseconds] = [view.getUint32(0), view.getUint32(4), view.getUint32(8)];
  if (nanoseconds < 999_999_999) return write(high, low, nanoseconds + 1);
  if (low < 0xffffffff) return write(high, low + 1, 0);
  return high < 0xffffffff ? write(high + 1, 0, 0) : null;
}

export type TimestampVerdict = 'newer' | 'notNewer' | 'tooSoon';

/** The responder's memory of one peer: the greatest timestamp, and when it last let one through. */
export class TimestampGate {
  #greatest: Uint8Array | null;
  #acceptedAtMs: number | null = null;

  /** @param greatest as stored for this peer, or null for a peer never heard of. */
  constructor(greatest: Uint8Array | null) {
    this.#greatest = greatest?.slice() ?? null;
  }

  get greatest(): Uint8Array | null {
    return this.#greatest;
  }

  /** Judge an authentic initiation and, if it is newer and not part of a flood, remember it. */
  accept(timestamp: Uint8Array, atMs: number): TimestampVerdict {
    if (this.#greatest !== null && compareTimestamps(timestamp, this.#greatest) <= 0) {
      return 'notNewer';
    }
    if (this.#acceptedAtMs !== null && atMs - this.#acceptedAtMs < INITIATION_INTERVAL_MS) {
      return 'tooSoon';
    }
    this.#greatest = timestamp.slice();
    this.#acceptedAtMs = atMs;
    return 'newer';
  }
}

function write(secondsHigh: number, secondsLow: number, nanoseconds: number): Uint8Array {
  const timestamp = new Uint8Array(TIMESTAMP_BYTES);
  const view = viewOf(timestamp);
  view.setUint32(0, secondsHigh);
  view.setUint32(4, secondsLow);
  view.setUint32(8, nanoseconds);
  return timestamp;
}

function viewOf(timestamp: Uint8Array): DataView {
  assert(timestamp.length === TIMESTAMP_BYTES, 'a timestamp has 12 bytes');
  return new DataView(timestamp.buffer, timestamp.byteOffset, TIMESTAMP_BYTES);
}
