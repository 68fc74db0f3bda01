/**
 * The minute that is going on and the 24 hours before it, in memory. Pure: time is handed in.
 *
 * @module
 */
import type { Tally } from './difference.ts';
import type { Recovery } from './report.ts';
import { countInto, mergeInto, newSpan, type Span } from './span.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
const DAY_MINUTES = 1_440;
const HOUR_MINUTES = 60;

export interface Closed {
  readonly atMs: number;
  readonly span: Span;
}

export class Day {
  /** Begin of the minute that is going on. */
  atMs: number;
  current: Span;
  /** Those that are over, the oldest first. */
  #minutes: Closed[];
  /** Their sums, by how many of them; until one more is over. */
  readonly #sums = new Map<number, Span>();

  /** @param minutes of the last day, the oldest first, the one that is going on included if it has begun before. */
  constructor(nowMs: number, minutes: readonly Closed[]) {
    this.atMs = minuteOf(nowMs);
    this.current = minutes.find(({ atMs }) => atMs === this.atMs)?.span ?? newSpan();
    this.#minutes = minutes.filter(({ atMs }) => atMs < this.atMs).map(counted);
  }

  count(tally: Tally, recovery: Recovery): void {
    countInto(this.current, tally, recovery);
  }

  /**
   * The minute that has ended by `nowMs`, or null. A clock that is put back by more than a minute ends it, too; by less, it gets longer.
   *
   * @param written minutes since then that memory may have no more, asked for after a clock that was ahead.
   */
  close(nowMs: number, written: (sinceMs: number) => readonly Closed[] = () => []): Closed | null {
    const newMs = minuteOf(nowMs);
    if (newMs <= this.atMs && newMs >= this.atMs - MINUTE_MS) return null;
    const closed = { atMs: this.atMs, span: this.current };
    this.atMs = newMs;
    const dayMs = DAY_MINUTES * MINUTE_MS;
    const known = [...this.#minutes, counted(closed)];
    if (newMs < closed.atMs) {
      const isKnown = new Set(known.map(({ atMs }) => atMs));
      const others = written(newMs - dayMs).filter(({ atMs }) => !isKnown.has(atMs));
      known.unshift(...others.map(counted));
    }
    const others = known.filter(({ atMs }) => atMs >= newMs - dayMs && atMs < newMs + dayMs);
    // A minute that there was already, by a clock that has been put back since, goes on.
    this.current = others.find(({ atMs }) => atMs === newMs)?.span ?? newSpan();
    this.#minutes = others.filter(({ atMs }) => atMs !== newMs);
    this.#sums.clear();
    return closed;
  }

  /** Sums of the last 24 hours; its states mean nothing. */
  lastDay(): Span {
    return this.#sum(DAY_MINUTES);
  }

  lastHourSwitches(): number {
    return this.#sum(HOUR_MINUTES).switches;
  }

  #sum(minutes: number): Span {
    const over = this.#sums.get(minutes) ?? this.#sumOver(minutes);
    this.#sums.set(minutes, over);
    const sum = newSpan();
    mergeInto(sum, over);
    mergeInto(sum, this.current);
    return sum;
  }

  #sumOver(minutes: number): Span {
    const sum = newSpan();
    const oldestMs = this.atMs - minutes * MINUTE_MS;
    for (const { atMs, span } of this.#minutes) if (atMs >= oldestMs) mergeInto(sum, span);
    return sum;
  }
}

/** Sums need no more, and a day of samples would take a megabyte. */
const counted = ({ atMs, span }: Closed): Closed => ({ atMs, span: { ...span, spreads: null } });

const minuteOf = (ms: number) => Math.floor(ms / MINUTE_MS) * MINUTE_MS;
