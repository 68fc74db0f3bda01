/**
 * A device started on what a power cut left of its events, and whether a reader gets all of it or is told.
 *
 * @module
 */
import { EventStore } from '../../../agent/events/store.ts';
import { openSegments } from '../../../hal/linux/segments.ts';
import type { EventMark } from './mark.ts';

/** So much that nothing is dropped: of a drop whose count is not on the medium yet a cut leaves no more than that something is missing. */
export const EVENT_STORE_BYTES = 4_194_304;

export interface EventPromise {
  readonly batches: number;
  /** Numbers of which it was said that they are on the medium: of each process from the first to the last. */
  readonly stored: readonly (readonly [first: number, last: number])[];
  /** Highest number that a reader saw. */
  readonly seen: number;
}

export const NO_EVENT_PROMISE: EventPromise = { batches: 0, stored: [], seen: 0 };

export function kept(before: EventPromise, mark: EventMark): EventPromise {
  if (mark.kind === 'seen') return { ...before, seen: Math.max(before.seen, mark.seq) };
  const { first, last } = mark;
  const newest = before.stored.at(-1);
  const stored =
    newest?.[1] === first - 1
      ? [...before.stored.slice(0, -1), [newest[0], last] as const]
      : [...before.stored, [first, last] as const];
  return { ...before, batches: before.batches + 1, stored };
}

export interface EventsFound {
  /** The first number that is given next. */
  readonly next: number;
  /** All up to here need not be sent any more. */
  readonly done: number;
  readonly got: ReadonlySet<number>;
  /** Told as dropped, and as cut. */
  readonly dropped: ReadonlySet<number>;
  readonly cut: ReadonlySet<number>;
  readonly droppedMax: number;
}

/** Start a store on `directory` as the agent does, and read all that it would send. */
export function recoverEvents(directory: string): EventsFound | string {
  const opened = openSegments(directory);
  if (!opened.ok) return `the store cannot be opened: ${opened.detail}`;
  const store = new EventStore(opened.value, EVENT_STORE_BYTES, () => 'another');
  if (!store.isUsable) return `the store is of no use: ${store.lastError}`;
  const got = new Set<number>();
  for (let event = store.after(store.done); event !== null; event = store.after(event.seq)) {
    got.add(event.seq);
  }
  const [dropped, cut] = [new Set<number>(), new Set<number>()];
  const isCut = (seq: number) => store.cuts.some(([from, to]) => seq >= from && seq <= to);
  for (let seq = store.done + 1; seq < store.next; seq++) {
    if (!got.has(seq)) (isCut(seq) ? cut : dropped).add(seq);
  }
  return { next: store.next, done: store.done, got, dropped, cut, droppedMax: store.dropped };
}

/** What of the promise was broken, in words; nothing if it was kept. */
export function brokenEvents(promise: EventPromise, found: EventsFound): string[] {
  const broken: string[] = [];
  const { next, done, got, dropped, cut, droppedMax } = found;
  const { batches, stored, seen } = promise;
  if (batches === 0) return broken;
  for (const [what, number] of [
    ['seen', seen],
    ['stored', stored.at(-1)?.[1] ?? 0],
  ] as const) {
    if (next <= number) broken.push(`number ${next} is given next, and ${number} was ${what}`);
  }
  if (done > seen) broken.push(`up to ${done} is done, and ${seen} was seen last`);
  // One that a reader saw may have been removed, before it was known to be done.
  const missing = [...dropped].filter((seq) => seq > seen).length;
  if (missing > droppedMax) broken.push(`${missing} are dropped, and ${droppedMax} counted`);
  for (const seq of cut) {
    const isStored = stored.some(([first, last]) => seq >= first && seq <= last);
    if (seq > seen && isStored) broken.push(`${seq} was stored, and is cut`);
  }
  if (got.size > 0 && Math.max(...got) >= next) broken.push(`${next} is given again`);
  return broken.slice(0, 3);
}
