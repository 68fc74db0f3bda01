/**
 * The segments that hold events which wait for the broker: which file has which numbers, and what is read back of them.
 *
 * A segment holds events of one rank, so that what goes first goes as a whole file and nothing is written anew for it. At most one
 * segment of each rank is in memory, while it is sent.
 *
 * @module
 */
import type { Segments } from '../../hal/segments.ts';
import { EVENT_KINDS, RANKS, type Rank, toDrop } from './keep.ts';
import { decodeLines, type LineValue } from './line.ts';
import { markOf } from './mark.ts';

export interface StoredEvent {
  readonly seq: number;
  readonly fields: LineValue;
}

interface Segment {
  readonly name: string;
  readonly rank: Rank;
  readonly first: number;
  last: number;
  bytes: number;
  count: number;
}

const NAME = /^(lesser|greater)-\d{16}$/;

export class Shelf {
  readonly #files: Segments;
  readonly #segmentBytes: number;
  /** By the first number, ascending. */
  #segments: Segment[] = [];
  /** Those that still grow: made by this process, and not full. */
  readonly #growing = new Map<Rank, Segment>();
  readonly #read = new Map<Rank, { readonly name: string; readonly events: StoredEvent[] }>();

  constructor(files: Segments, segmentBytes: number) {
    this.#files = files;
    this.#segmentBytes = segmentBytes;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The highest number, or 0. */
  get last(): number {
    return this.#segments.reduce((max, { last }) => Math.max(max, last), 0);
  }

  /** Events with a number above `done`: reads the segment that is being sent. */
  countAbove(done: number): number {
    return this.#segments.reduce((sum, segment) => sum + this.#countIn(segment, done), 0);
  }

  static isName = (name: string) => NAME.test(name);

  /** A segment of an earlier process: not appended to, for its end may be torn. */
  adopt(name: string, bytes: number, values: readonly LineValue[]): void {
    const events = eventsOf(values);
    const [first, last] = [events[0], events.at(-1)];
    if (first === undefined || last === undefined) {
      this.#files.remove(name);
      return;
    }
    const rank = name.startsWith('lesser') ? 'lesser' : 'greater';
    const range = { first: first.seq, last: last.seq, count: events.length };
    this.#segments.push({ name, rank, bytes, ...range });
    this.#segments.sort((a, b) => a.first - b.first);
  }

  /** Where `bytes` that begin with event `first` belong. */
  place(rank: Rank, first: number, bytes: number): string {
    const growing = this.#growing.get(rank);
    if (growing !== undefined && growing.bytes + bytes <= this.#segmentBytes) return growing.name;
    return `${rank}-${String(first).padStart(16, '0')}`;
  }

  /** `bytes` with these events, of which there is one at least, were appended to `name`. */
  grew(name: string, rank: Rank, events: readonly { readonly seq: number }[], bytes: number): void {
    this.#read.delete(rank);
    const [first, last] = [events[0]!.seq, events.at(-1)!.seq];
    const growing = this.#growing.get(rank);
    if (growing?.name === name) {
      growing.last = last;
      growing.bytes += bytes;
      growing.count += events.length;
      return;
    }
    const segment = { name, rank, first, last, bytes, count: events.length };
    this.#growing.set(rank, segment);
    this.#segments.push(segment);
  }

  /** An append failed, maybe in the middle: nothing follows it there, and what is only broken goes. */
  broke(name: string, rank: Rank): void {
    const isKnown = this.#growing.get(rank)?.name === name;
    this.#growing.delete(rank);
    if (!isKnown) this.#files.remove(name);
  }

  /** Make room for `bytes` more. @returns how many events above `done` went. */
  makeRoom(bytes: number, bytesMax: number, done: number): number {
    let count = 0;
    for (const segment of toDrop(this.#segments, bytes, bytesMax)) {
      count += this.#eventsOf(segment).filter(({ seq }) => seq > done).length;
      this.#remove(segment);
    }
    return count;
  }

  /** The event with the lowest number above `seq`, or null. */
  after(seq: number): StoredEvent | null {
    let lowest: StoredEvent | null = null;
    for (const rank of RANKS) {
      const found = this.#afterIn(rank, seq);
      if (found !== null && (lowest === null || found.seq < lowest.seq)) lowest = found;
    }
    return lowest;
  }

  /** Whether there is a segment of which all was done. */
  hasDone(done: number): boolean {
    return this.#segments.some(({ last }) => last <= done);
  }

  removeDone(done: number): void {
    for (const segment of this.#segments.filter(({ last }) => last <= done)) this.#remove(segment);
  }

  #countIn(segment: Segment, done: number): number {
    const { first, last, count } = segment;
    if (last <= done) return 0;
    if (first > done) return count;
    return this.#eventsOf(segment).filter(({ seq }) => seq > done).length;
  }

  #afterIn(rank: Rank, seq: number): StoredEvent | null {
    for (const segment of this.#segments) {
      if (segment.rank !== rank || segment.last <= seq) continue;
      const found = this.#eventsOf(segment).find((event) => event.seq > seq);
      if (found !== undefined) return found;
    }
    this.#read.delete(rank);
    return null;
  }

  #eventsOf({ name, rank }: Segment): readonly StoredEvent[] {
    const known = this.#read.get(rank);
    if (known?.name === name) return known.events;
    const bytes = this.#files.read(name);
    const events = bytes === null ? [] : eventsOf(decodeLines(bytes).values);
    this.#read.set(rank, { name, events });
    return events;
  }

  #remove(segment: Segment): void {
    const { name, rank } = segment;
    this.#segments = this.#segments.filter((other) => other !== segment);
    if (this.#growing.get(rank) === segment) this.#growing.delete(rank);
    if (this.#read.get(rank)?.name === name) this.#read.delete(rank);
    this.#files.remove(name);
  }
}

/** Whatever a file has in it: numbers that rise, of kinds that have a topic. */
function eventsOf(values: readonly LineValue[]): StoredEvent[] {
  const events: StoredEvent[] = [];
  for (const fields of values) {
    const seq = Number(fields['seq']);
    if (markOf(fields) !== null || !Number.isSafeInteger(seq)) continue;
    if (!EVENT_KINDS.some((kind) => kind === fields['event'])) continue;
    if (seq > (events.at(-1)?.seq ?? 0)) events.push({ seq, fields });
  }
  return events;
}
