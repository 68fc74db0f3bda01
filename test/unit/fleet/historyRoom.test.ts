/**
 * Goal: a history has room for what happens, says what it needs where it has none, and gives nothing away that could stay.
 * Method: the real SQLite file in a folder of its own, with bounds of some megabytes.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Device } from '../../../fleet/device.ts';
import { type History, openHistory } from '../../../fleet/history.ts';
import { change, device, START_MS } from './sample.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'jvpn-fleet-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

let files = 0;

const newFile = () => join(directory, `${files++}.sqlite`);

function opened(bytesMax: number, file = newFile()): History {
  const history = openHistory(file, { retentionDays: 30, bytesMax });
  if (!history.ok) throw new Error(history.message);
  return history.value;
}

const rowsOf = ({ database }: History) =>
  (database.query('SELECT count(*) AS rows FROM changes').get() as { rows: number }).rows;

/** One whose memory takes two kilobytes. */
const known = (id: number): Device => ({ ...device(id), binding: 'x'.repeat(1_700) });

test('what is known of devices takes all room: it says how much it needs, and has enough with that', () => {
  const small = opened(4 * 1_048_576);
  const heard = (history: History) => {
    for (let batch = 0; batch < 30; batch++) {
      for (let id = 1; id <= 100; id++) {
        history.remember(known(batch * 100 + id), [change(START_MS + batch)]);
      }
      history.flush([]);
      history.prune(START_MS);
    }
  };
  heard(small);
  const { trouble } = small;
  expect(trouble).toMatch(/^history\.bytes_max = 4194304 is too small .* at least \d+ bytes/);
  small.close();
  const bytesMax = Number(/at least (\d+)/.exec(trouble ?? '')?.[1]);
  expect(bytesMax).toBeLessThan(16 * 1_048_576);
  const enough = opened(bytesMax);
  heard(enough);
  expect([enough.trouble, enough.failures, rowsOf(enough)]).toEqual([null, 0, 3_000]);
  enough.close();
});

test('what waits and is more than there is room for has the oldest go before it', () => {
  const bytesMax = 4 * 1_048_576;
  const history = opened(bytesMax);
  const fill = Array.from({ length: 1_000 }, (_, at) => change(START_MS + at));
  while (history.usedBytes() < bytesMax * 0.92) {
    history.remember(device(1), fill);
    history.flush([]);
  }
  const before = rowsOf(history);
  for (let id = 2; id <= 300; id++) history.remember(known(id), [change(START_MS)]);
  let turns = 0;
  while (!history.flush([]) && turns < 20) {
    history.prune(START_MS);
    turns += 1;
  }
  expect([history.isPending, turns < 20, turns > 0]).toEqual([false, true, true]);
  expect([history.trouble, history.usedBytes() <= bytesMax * 1.05]).toEqual([null, true]);
  // No more than had to.
  expect(rowsOf(history)).toBeGreaterThan(before / 3);
  history.close();
});

test('a disk that others have filled makes nothing go', () => {
  const history = opened(64 * 1_048_576);
  history.remember(
    device(1),
    Array.from({ length: 500 }, (_, at) => change(START_MS + at)),
  );
  history.flush([]);
  history.database.run('PRAGMA max_page_count = 1');
  history.remember(
    device(1),
    Array.from({ length: 500 }, (_, at) => change(START_MS + at)),
  );
  expect(history.flush([])).toBe(false);
  history.prune(START_MS);
  expect(rowsOf(history)).toBe(500);
  expect(history.trouble).toMatch(/^the history cannot be written: .*full/);
  history.close();
});

test('a full history of an earlier version gets its index, and goes on', () => {
  const bytesMax = 2 * 1_048_576;
  const file = newFile();
  const earlier = opened(bytesMax, file);
  earlier.database.run('DROP INDEX changes_bands');
  const states = Array.from({ length: 1_000 }, (_, at) => change(START_MS + at, { kind: 'state' }));
  do earlier.remember(device(1), states);
  while (earlier.flush([]));
  earlier.close();
  const history = opened(bytesMax, file);
  const indexes = history.database.query("SELECT name FROM sqlite_schema WHERE name LIKE '%bands'");
  expect(indexes.all()).toHaveLength(1);
  history.remember(device(1), [change(START_MS)]);
  for (let turns = 0; turns < 20 && !history.flush([]); turns++) history.prune(START_MS);
  expect(history.isPending).toBe(false);
  while (history.prune(START_MS));
  expect([history.trouble, history.usedBytes() <= bytesMax]).toEqual([null, true]);
  history.close();
});
