/**
 * What the event store remembers beside events: whose numbers they are, which are used, and which need not be sent any more.
 *
 * A mark stands in a file of its own, and before the events of each batch. The newest that is whole counts. Pure.
 *
 * @module
 */
import type { LineValue } from './line.ts';

export interface Mark {
  /** Grows by one with each mark. */
  readonly mark: number;
  /** Random name of the stream of numbers, 16 hex digits; another one: counted anew. */
  readonly stream: string;
  /** No number from here on was given, or, closed: this one is given next. */
  readonly next: number;
  /** The process ended in order: `next` is exact. */
  readonly closed: boolean;
  /** Up to here all were acknowledged, or are told as missing. */
  readonly done: number;
  /** Up to here all were acknowledged, are on the medium, or were dropped and counted. */
  readonly safe: number;
  /** Dropped for lack of room, of all processes of this stream. */
  readonly dropped: number;
  /** Numbers of which power cuts took some or all, the oldest first. */
  readonly cuts: readonly Range[];
}

/** Both ends are of it. */
export type Range = readonly [from: number, to: number];

/** Beyond so many the oldest two are told as one, with what lies between them (chosen). */
const CUTS_MAX = 8;

/** The mark in a line, or null where it is none. */
export function markOf(line: LineValue): Mark | null {
  const { mark, stream, next, closed, done, safe, dropped, cuts } = line;
  const counts = [mark, next, done, safe, dropped];
  if (!counts.every((count) => Number.isSafeInteger(count) && Number(count) >= 0)) return null;
  if (typeof stream !== 'string' || typeof closed !== 'boolean') return null;
  if (!Array.isArray(cuts) || !cuts.every(isRange)) return null;
  return line as unknown as Mark;
}

/** The newer of two. */
export function newest(a: Mark | null, b: Mark | null): Mark | null {
  if (a === null || b === null) return a ?? b;
  return b.mark > a.mark ? b : a;
}

/** With one more, which is behind them all. */
export function withCut(cuts: readonly Range[], cut: Range): readonly Range[] {
  const [first, second, ...more] = [...cuts, cut];
  if (more.length + 2 <= CUTS_MAX || first === undefined || second === undefined) {
    return [...cuts, cut];
  }
  return [[first[0], second[1]], ...more];
}

function isRange(value: unknown): value is Range {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger);
}
