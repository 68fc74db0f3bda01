/**
 * Hub time: milliseconds since 1970 that never go back, over restarts included.
 *
 * Records keep deadlines in it (session/hub/record.ts), and WireGuard timestamps of the hub are made
 * of it. At start it is the wall clock or, where that was set back, the stored high-water mark; from
 * then on it follows the monotonic clock and nothing else. The mark is reserved ahead: before a time
 * is used, a later one is durable.
 *
 * @module
 */
import type { Clock } from '../hal/clock.ts';

/**
 * How far ahead the mark is stored: what hub time may jump ahead by after a crash, and how often it
 * is written. Small against the shortest window of a policy (1 s … 24 h, default 30 s). Chosen.
 */
export const RESERVE_MS = 4_000;
/** A new reservation is due when less than this is left. */
const RENEW_MS = 2_000;

export interface TimeStore {
  readHighWaterMs(): number;
  /** Returns once it is durable. */
  writeHighWaterMs(atMs: number): void;
}

/** What another thread needs to tell the same time. */
export interface TimeBase {
  /** Hub time is this plus `Clock.monotonicMs`. */
  readonly offsetMs: number;
}

export class HubTime {
  readonly base: TimeBase;
  readonly #clock: Clock;
  readonly #store: TimeStore;
  #reservedMs: number;

  constructor(clock: Clock, store: TimeStore) {
    this.#clock = clock;
    this.#store = store;
    this.#reservedMs = store.readHighWaterMs();
    const startMs = Math.max(clock.wallMs(), this.#reservedMs);
    this.base = { offsetMs: startMs - clock.monotonicMs() };
    this.reserve();
  }

  nowMs(): number {
    return hubTimeMs(this.base, this.#clock);
  }

  /** How far the wall clock differs now; positive where hub time is ahead. */
  get aheadOfWallMs(): number {
    return this.nowMs() - this.#clock.wallMs();
  }

  /** Keep the reservation ahead; call it at least every second. */
  reserve(): void {
    const nowMs = this.nowMs();
    if (this.#reservedMs - nowMs >= RENEW_MS) return;
    this.#store.writeHighWaterMs(nowMs + RESERVE_MS);
    this.#reservedMs = nowMs + RESERVE_MS;
  }

  /** An orderly end: the next start need not jump ahead. */
  release(): void {
    this.#store.writeHighWaterMs(this.nowMs());
  }
}

export function hubTimeMs(base: TimeBase, clock: Clock): number {
  return base.offsetMs + clock.monotonicMs();
}
