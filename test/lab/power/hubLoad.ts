/**
 * The hub's store at work: swaps records as fast as the disk takes them, and says each time what was committed.
 *
 * ```text
 * hubLoad.ts --file FILE --marks FILE --swaps N --seed N [--sync 0]
 * ```
 *
 * The real `openStore`. With `--sync 0` it runs with SQLite's `synchronous = OFF`: the control that must lose commits.
 *
 * @module
 */
import { Database } from 'bun:sqlite';
import { openStore, type Store } from '../../../hub/store.ts';
import { parseFlow } from '../flows/command.ts';
import { newRandom } from '../random.ts';
import { DEVICES, deviceOf, keyOf, recordOf } from './hubState.ts';
import { type HubMark, marker } from './mark.ts';

function leaveOutSync(): void {
  const { run } = Database.prototype;
  Database.prototype.run = function (this: Database, ...[sql, ...rest]: Parameters<typeof run>) {
    return run.call(this, sql.replace('synchronous = FULL', 'synchronous = OFF'), ...rest);
  };
}

function enrol(store: Store, mark: (mark: HubMark) => void): void {
  for (let device = store.devices().length; device < DEVICES; device++) {
    store.putDevices([deviceOf(device)]);
    mark({ kind: 'enrolled', device });
  }
}

function swap(store: Store, mark: (mark: HubMark) => void, device: number): void {
  const before = store.read(keyOf(device))?.revision ?? 0;
  const revision = before + 1;
  mark({ kind: 'began', device, revision });
  const { outcome } = store.compareAndSwap(keyOf(device), before, recordOf(device, revision));
  if (outcome !== 'committed') throw new Error(`device ${device}: ${outcome}`);
  mark({ kind: 'committed', device, revision });
}

if (import.meta.main) {
  const given = parseFlow(process.argv.slice(2), {
    ...{ file: '', marks: '', swaps: 1_000, seed: 1, sync: 1 },
  });
  if (given.sync === 0) leaveOutSync();
  const opened = openStore(given.file);
  if (!opened.ok) throw new Error(opened.message);
  const store = opened.value;
  const mark = marker<HubMark>(given.marks);
  const random = newRandom(given.seed, 'hub load');
  enrol(store, mark);
  for (let count = 0; count < given.swaps; count++) {
    swap(store, mark, Math.floor(random() * DEVICES));
    if (random() > 0.05) continue;
    const atMs = store.readHighWaterMs() + 1_000;
    store.writeHighWaterMs(atMs);
    mark({ kind: 'highWater', atMs });
  }
}
