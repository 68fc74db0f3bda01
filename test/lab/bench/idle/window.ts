/**
 * What one device did between two moments. Pure: samples in, differences out.
 *
 * @module
 */
import { medianOf } from '../statistics.ts';
import type { LinkCounts, ProcessCounts } from './sample.ts';

export interface Window {
  readonly seconds: number;
  /** Context switches of all threads. */
  readonly switches: number;
  /** The same by the thread's name; threads of one name are one row. */
  readonly switchesByThread: Readonly<Record<string, number>>;
  readonly cpuSeconds: number;
  /** Time on a CPU by the thread's name. */
  readonly cpuSecondsByThread: Readonly<Record<string, number>>;
  /** The median of what was seen, and the most. */
  readonly anonKib: number;
  readonly anonMaxKib: number;
  readonly links: ReadonlyMap<string, LinkCounts>;
}

/** Adds up samples of one process, oldest first. Reading more often loses fewer threads that come and go. */
export class WindowOf {
  readonly #first: ProcessCounts;
  readonly #startMs: number;
  readonly #newest = new Map<string, number>();
  readonly #ran = new Map<string, number>();
  readonly #names = new Map<string, string>();
  #last: ProcessCounts;
  readonly #anonKib: number[] = [];

  constructor(first: ProcessCounts, atMs: number) {
    this.#first = first;
    this.#last = first;
    this.#startMs = atMs;
    this.add(first);
  }

  add(counts: ProcessCounts): void {
    for (const [tid, count] of counts.switches) this.#newest.set(tid, count);
    for (const [tid, seconds] of counts.ranSeconds) this.#ran.set(tid, seconds);
    for (const [tid, name] of counts.threadNames) this.#names.set(tid, name);
    this.#anonKib.push(counts.anonKib);
    this.#last = counts;
  }

  end(atMs: number): Window {
    const byThread = this.#byName(this.#newest, this.#first.switches);
    return {
      seconds: (atMs - this.#startMs) / 1_000,
      switches: Object.values(byThread).reduce((total, count) => total + count, 0),
      switchesByThread: byThread,
      cpuSeconds: this.#last.cpuSeconds - this.#first.cpuSeconds,
      cpuSecondsByThread: this.#byName(this.#ran, this.#first.ranSeconds),
      anonKib: medianOf(this.#anonKib),
      anonMaxKib: Math.max(...this.#anonKib),
      links: new Map(
        [...this.#last.links].map(([link, counts]) => [
          link,
          minus(counts, this.#first.links.get(link)),
        ]),
      ),
    };
  }

  /** What each name's threads added since `first`. A thread that was not there then began at none. */
  #byName(newest: ReadonlyMap<string, number>, first: ReadonlyMap<string, number>) {
    const sums: Record<string, number> = {};
    for (const [tid, count] of newest) {
      const name = this.#names.get(tid) ?? tid;
      sums[name] = (sums[name] ?? 0) + count - (first.get(tid) ?? 0);
    }
    return sums;
  }
}

function minus(after: LinkCounts, before: LinkCounts | undefined): LinkCounts {
  return {
    sentBytes: after.sentBytes - (before?.sentBytes ?? 0),
    receivedBytes: after.receivedBytes - (before?.receivedBytes ?? 0),
    sentPackets: after.sentPackets - (before?.sentPackets ?? 0),
    receivedPackets: after.receivedPackets - (before?.receivedPackets ?? 0),
  };
}
