/**
 * Events that wait for the broker, on flash: at most so many bytes, none lost without a number that says so.
 *
 * Each batch is one append for each rank, behind a mark. Numbers are given out of blocks that a mark on the medium covers, so
 * that none is given twice: after a power cut the next process goes on behind the block, and the numbers in
 * between are told as `cut`. A disk that is full or gone costs events, never the caller: nothing throws.
 *
 * ```text
 *   mark-N                     marks: what is numbered, done, dropped
 *   greater-N, lesser-N        a mark and events, and so on; N is the first number
 * ```
 *
 * @module
 */
import type { SegmentResult, Segments } from '../../hal/segments.ts';
import { RANKS, type Rank } from './keep.ts';
import { decodeLines, encodeLine } from './line.ts';
import { type Mark, markOf, newest, type Range, withCut } from './mark.ts';
import { Shelf, type StoredEvent } from './shelf.ts';

export interface Batched {
  readonly seq: number;
  readonly rank: Rank;
  /** As {@link encodeLine} makes it. */
  readonly line: Uint8Array;
}

/** Numbers of one block, and how many are left when the next is asked for (chosen): a mark each 48 events. */
const BLOCK = 64;
const BLOCK_REST = 16;
const MARK_FILE = /^mark-\d{1,15}$/;
const MARK_FILE_BYTES = 4_096;
/** Of the bound, for marks: their file, and the next one while it replaces it. */
const MARKS_BYTES = 2 * MARK_FILE_BYTES;
const SEGMENT_BYTES_MAX = 32_768;

export class EventStore {
  readonly stream: string;
  /** The first number that was not given before. */
  readonly next: number;
  /** What earlier processes had sent. */
  readonly done: number;
  /** Lines that a power cut or a bad block took a part of. */
  readonly torn: number;
  /** False: the first block of numbers is not on the medium, so no number of the stream may be given. */
  readonly isUsable: boolean;
  /** Numbers that the start found taken by a power cut or a kill: at most so many were events. */
  readonly cut: number;
  failures = 0;
  lastError: string | null = null;
  readonly #files: Segments;
  readonly #bytesMax: number;
  readonly #shelf: Shelf;
  readonly #droppedBefore: number;
  #mark: Mark;
  #markFile = { name: '', bytes: 0 };
  #granted: number;
  #isReserving = false;
  #isTrimming = false;
  #trimTo = 0;

  /** Reads everything that is there, and waits until the first block of numbers is on the medium. */
  constructor(files: Segments, bytesMax: number, newStream: () => string) {
    this.#files = files;
    this.#bytesMax = bytesMax - MARKS_BYTES;
    this.#shelf = new Shelf(files, Math.min(SEGMENT_BYTES_MAX, Math.floor(bytesMax / 32)));
    const { mark, torn } = this.#readAll();
    this.torn = torn;
    this.stream = mark?.stream ?? newStream();
    this.next = Math.max(mark?.next ?? 1, this.#shelf.last + 1);
    this.done = mark?.done ?? 0;
    this.#droppedBefore = mark?.dropped ?? 0;
    const cut = this.#cutOf(mark);
    this.cut = cut === null ? 0 : cut[1] - cut[0] + 1;
    const before = this.#files.names().filter((name) => MARK_FILE.test(name));
    this.#mark = {
      // Above the files' numbers as well: a cut may have left one of them without a mark.
      ...{ mark: Math.max(mark?.mark ?? 0, ...before.map(numberOf)) + 1 },
      ...{ stream: this.stream, closed: false },
      ...{ next: this.next + BLOCK, done: this.done, safe: this.next - 1 },
      ...{ dropped: this.#droppedBefore },
      cuts: cut === null ? (mark?.cuts ?? []) : withCut(mark?.cuts ?? [], cut),
    };
    this.#granted = this.#mark.next;
    this.isUsable = this.#putMark() && this.#note(this.#files.syncNow(this.#markFile.name));
    if (this.isUsable) for (const name of before) this.#files.remove(name);
  }

  /** Bytes of events that wait. */
  get bytes(): number {
    return this.#shelf.bytes;
  }

  /** Dropped for lack of room, by this process and those before it. */
  get dropped(): number {
    return this.#mark.dropped;
  }

  /** Of those, by this process. */
  get droppedNow(): number {
    return this.#mark.dropped - this.#droppedBefore;
  }

  /** Events with a number above `done`. */
  countAbove(done: number): number {
    return this.#shelf.countAbove(done);
  }

  get cuts(): readonly Range[] {
    return this.#mark.cuts;
  }

  /** Whether the number is on the medium as one that is given: before that nobody may see it. */
  isGranted = (seq: number) => seq < this.#granted;

  /** `next` is the next number. `onGranted` comes when more of them may be sent. */
  reserve(next: number, onGranted: () => void): void {
    if (this.#isReserving || next + BLOCK_REST <= this.#mark.next) return;
    this.#isReserving = true;
    const until = next + BLOCK;
    this.#remark({ next: until });
    const granted = () => {
      this.#isReserving = false;
      // Also when it failed: a number that comes twice has another boot, and an event that never goes out is worse.
      this.#granted = until;
      onGranted();
    };
    if (this.#putMark()) this.#syncMark(granted);
    else queueMicrotask(granted);
  }

  /** @returns the numbers that are in files now, and soon on the medium. */
  append(batch: readonly Batched[], done: number): ReadonlySet<number> {
    this.#remark({ done, cuts: this.#cutsAfter(done) });
    const stored = new Set<number>();
    const names: string[] = [];
    for (const rank of RANKS) {
      const events = batch.filter((event) => event.rank === rank);
      const name = events.length === 0 ? null : this.#appendRank(rank, events);
      if (name === null) continue;
      names.push(name);
      for (const { seq } of events) stored.add(seq);
    }
    const last = batch.at(-1)?.seq ?? 0;
    let pending = names.length;
    let isSafe = stored.size === batch.length;
    for (const name of names) {
      this.#files.sync(name, (result) => {
        isSafe = this.#note(result) && isSafe;
        pending -= 1;
        if (pending === 0 && isSafe) this.#remark({ safe: Math.max(this.#mark.safe, last) });
      });
    }
    return stored;
  }

  after(seq: number): StoredEvent | null {
    return this.#shelf.after(seq);
  }

  /** All up to `done` need not be sent any more: their files go, once that is on the medium. */
  trim(done: number): void {
    this.#trimTo = done;
    if (this.#isTrimming || !this.#shelf.hasDone(done)) return;
    this.#isTrimming = true;
    this.#remark({ done, cuts: this.#cutsAfter(done) });
    const ended = (result: SegmentResult) => {
      this.#isTrimming = false;
      if (!this.#note(result)) return;
      this.#shelf.removeDone(done);
      this.trim(this.#trimTo);
    };
    if (this.#putMark()) this.#files.sync(this.#markFile.name, ended);
    else this.#isTrimming = false;
  }

  /** The process ends in order; waits for the medium. `batch`: what is only in memory. */
  close(batch: readonly Batched[], next: number, done: number): void {
    const stored = this.append(batch, done);
    for (const name of this.#files.names()) {
      if (Shelf.isName(name)) this.#note(this.#files.syncNow(name));
    }
    // What found no room is missing: the numbers end before it, and what a reader has of it counts as cut.
    const isWhole = stored.size === batch.length;
    this.#remark({ next: isWhole ? next : this.#mark.next, closed: isWhole, done });
    if (this.#putMark()) this.#note(this.#files.syncNow(this.#markFile.name));
  }

  #readAll(): { mark: Mark | null; torn: number } {
    let mark: Mark | null = null;
    let torn = 0;
    const isOurs = (name: string) => Shelf.isName(name) || MARK_FILE.test(name);
    const found = this.#files
      .names()
      .filter(isOurs)
      .map((name) => {
        const bytes = this.#files.read(name) ?? new Uint8Array(0);
        const lines = decodeLines(bytes);
        torn += lines.torn;
        for (const line of lines.values) mark = newest(mark, markOf(line));
        return { name, bytes: bytes.length, values: lines.values };
      });
    for (const { name, bytes, values } of found) {
      if (!Shelf.isName(name)) continue;
      // Without a mark nobody knows whose numbers they are.
      if (mark === null) this.#files.remove(name);
      else this.#shelf.adopt(name, bytes, values);
    }
    return { mark, torn };
  }

  /** Which numbers the process before may have given, or had on the medium, without a trace; null: none. */
  #cutOf(mark: Mark | null): Range | null {
    if (mark === null) return null;
    let from = mark.closed ? mark.done + 1 : Math.max(mark.safe, mark.done) + 1;
    // What is there was not taken: dropped later, it shall count as that.
    while (this.#shelf.after(from - 1)?.seq === from) from += 1;
    const isWhole = mark.closed && this.torn === 0;
    return isWhole || from >= this.next ? null : [from, this.next - 1];
  }

  readonly #cutsAfter = (done: number) => this.#mark.cuts.filter(([, to]) => to > done);

  #appendRank(rank: Rank, events: readonly Batched[]): string | null {
    const room =
      events.reduce((sum, { line }) => sum + line.length, 0) + encodeLine(this.#mark).length;
    // A few more, because the mark may grow by what goes now.
    const gone = this.#shelf.makeRoom(room + 32, this.#bytesMax, this.#mark.done);
    this.#remark({ dropped: this.#mark.dropped + gone });
    const bytes = joined([encodeLine(this.#mark), ...events.map(({ line }) => line)]);
    const name = this.#shelf.place(rank, events[0]!.seq, bytes.length);
    if (!this.#note(this.#files.append(name, bytes))) {
      this.#shelf.broke(name, rank);
      return null;
    }
    this.#shelf.grew(name, rank, events, bytes.length);
    return name;
  }

  #remark(change: Partial<Mark>): void {
    this.#mark = { ...this.#mark, ...change, mark: this.#mark.mark + 1 };
  }

  /** To the file of marks, or to the next one. */
  #putMark(): boolean {
    const line = encodeLine(this.#mark);
    const { name, bytes } = this.#markFile;
    const isFull = name === '' || bytes + line.length > MARK_FILE_BYTES;
    const file = isFull ? { name: `mark-${this.#mark.mark}`, bytes: 0 } : this.#markFile;
    if (!this.#note(this.#files.append(file.name, line))) {
      this.#markFile = { name: '', bytes: 0 };
      return false;
    }
    if (isFull && name !== '') {
      this.#files.sync(file.name, (result) => {
        if (this.#note(result)) this.#files.remove(name);
      });
    }
    this.#markFile = { name: file.name, bytes: file.bytes + line.length };
    return true;
  }

  #syncMark(onDone: () => void): void {
    this.#files.sync(this.#markFile.name, (result) => {
      this.#note(result);
      onDone();
    });
  }

  /** Whether it went well; what did not is counted and kept for people. */
  #note(result: SegmentResult): boolean {
    if (result.ok) return true;
    this.failures += 1;
    this.lastError = `${result.code}: ${result.detail}`;
    return false;
  }
}

const numberOf = (markFile: string) => Number(markFile.slice('mark-'.length));

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
