/**
 * A device's event store at work: batches as fast as the disk takes them, a broker that now and then takes some, and what was
 * promised of both.
 *
 * ```text
 * eventLoad.ts --directory FOLDER --marks FILE --batches N --seed N [--sync 0]
 * ```
 *
 * The real `openSegments`, `EventStore` and `EventStream`; time is made up. With `--sync 0` fsync does nothing: the control that
 * must lose what it was promised.
 *
 * @module
 */
import { EventStore } from '../../../agent/events/store.ts';
import { EventStream } from '../../../agent/events/stream.ts';
import { openSegments } from '../../../hal/linux/segments.ts';
import { halOk } from '../../../hal/result.ts';
import type { SegmentResult, Segments } from '../../../hal/segments.ts';
import { parseFlow } from '../flows/command.ts';
import { newRandom } from '../random.ts';
import { eventRow } from '../reporting.ts';
import { EVENT_STORE_BYTES } from './eventCheck.ts';
import { type EventMark, marker } from './mark.ts';

/** Knows when the syncs under way have ended. */
class Watched implements Segments {
  pending = 0;
  readonly #files: Segments;
  readonly #isSynced: boolean;

  constructor(files: Segments, isSynced: boolean) {
    this.#files = files;
    this.#isSynced = isSynced;
  }

  get writtenBytes(): number {
    return this.#files.writtenBytes;
  }

  names = () => this.#files.names();
  read = (name: string) => this.#files.read(name);
  append = (name: string, bytes: Uint8Array) => this.#files.append(name, bytes);
  remove = (name: string) => this.#files.remove(name);
  syncNow = (name: string) => (this.#isSynced ? this.#files.syncNow(name) : halOk(null));

  sync(name: string, onDone: (result: SegmentResult) => void): void {
    this.pending += 1;
    const done = (result: SegmentResult) => {
      this.pending -= 1;
      onDone(result);
    };
    if (this.#isSynced) this.#files.sync(name, done);
    else queueMicrotask(() => done(halOk(null)));
  }
}

if (import.meta.main) {
  const given = parseFlow(process.argv.slice(2), {
    ...{ directory: '', marks: '', batches: 1_000, seed: 1, sync: 1 },
  });
  const opened = openSegments(given.directory);
  if (!opened.ok) throw new Error(opened.detail);
  const files = new Watched(opened.value, given.sync !== 0);
  const store = new EventStore(files, EVENT_STORE_BYTES, () => 'stream');
  if (!store.isUsable) throw new Error(store.lastError ?? '');
  const stream = new EventStream(String(process.pid), store, '');
  const mark = marker<EventMark>(given.marks);
  const random = newRandom(given.seed, 'event load');
  const settled = async () => {
    while (files.pending > 0) await Bun.sleep(0);
  };
  let nowMs = 0;
  let first = store.next;
  for (let batch = 0; batch < given.batches; batch++) {
    for (let count = 1 + Math.floor(random() * 4); count > 0; count--) {
      nowMs += 61_000;
      const isLesser = random() < 0.3;
      stream.add(eventRow(isLesser ? 'notice' : 'transition', nowMs), nowMs, () => {});
    }
    if (random() < 0.3) {
      for (let count = 0; count < 4; count++) {
        const out = stream.take();
        if (out === null) break;
        // Once a reader has seen it, no other event may have its number.
        mark({ kind: 'seen', seq: out.seq });
        if (random() < 0.9) stream.settle(out.seq, 'delivered');
      }
      stream.forgetFlight();
    }
    nowMs += 61_000;
    stream.tick(nowMs);
    await settled();
    const { memory_bytes, seq } = stream.status();
    if (memory_bytes > 0 || store.failures > 0) throw new Error(`not stored: ${store.lastError}`);
    mark({ kind: 'stored', first, last: seq });
    first = seq + 1;
  }
}
