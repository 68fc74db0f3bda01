/**
 * Goal: what was heard is remembered once, also over a crash, within its bounds, and is found again.
 * Method: the real SQLite file in a folder of its own; time is handed in.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePayload } from '../../../agent/payload.ts';
import { HOUR_MS, MINUTE_MS } from '../../../fleet/day.ts';
import { type History, openHistory } from '../../../fleet/history.ts';
import { seriesOf, windowFor } from '../../../fleet/series.ts';
import { newSpan, type Span } from '../../../fleet/span.ts';
import { LAST_BEFORE, timelineOf } from '../../../fleet/timeline.ts';
import { BOOT, change, device, Scene, START_MS } from './sample.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'jvpn-fleet-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const BOUNDS = { retentionDays: 30, bytesMax: 64 * 1_048_576 } as const;
let files = 0;
const newFile = () => join(directory, `${files++}`, 'fleet.sqlite');

function opened(file = newFile(), bounds: { retentionDays: number; bytesMax: number } = BOUNDS) {
  const history = openHistory(file, bounds);
  if (!history.ok) throw new Error(history.message);
  return history.value;
}

const span = (more: Partial<Span>): Span => ({ ...newSpan(), ...more });
const rowsOf = ({ database }: History) =>
  (database.query('SELECT count(*) AS rows FROM changes').get() as { rows: number }).rows;

test('the file is its owner’s alone, and one process has it', () => {
  const file = newFile();
  const history = opened(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(openHistory(file, BOUNDS)).toMatchObject({
    ok: false,
    message: `Another process has ${file} open; only one may write a history.`,
  });
  history.close();
  opened(file).close();
});

test('a crash loses what was not flushed and counts nothing twice', () => {
  const file = newFile();
  const history = opened(file);
  const scene = new Scene();
  const remember = () => {
    for (const { change: one } of scene.changes.splice(0)) history.remember(scene.device(), [one]);
  };
  scene.presence('online');
  scene.health({ seq: 1 });
  const counters = { carrier_lost: 2, heartbeat_timeout: 1, stale_state_version: 3 };
  scene.health({ seq: 2, status: { counters } });
  remember();
  expect(history.flush([{ atMs: scene.day.atMs, span: scene.day.current }])).toBe(true);
  scene.health({ seq: 3, status: { counters: { ...counters, stale_state_version: 8 } } });
  remember();
  // As the disk has it when the process is killed here.
  const after = join(directory, 'crashed.sqlite');
  copyFileSync(file, after);
  if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${after}-wal`);
  history.close();

  const again = opened(after);
  const second = new Scene();
  again.restore((id, name, memory) => second.registry.restore(id, name, memory));
  expect(second.device()).toMatchObject({ id: 1, report: { boot: BOOT, seq: 2 } });
  expect(second.device().presence).toMatchObject({ online: true, boot: BOOT });
  expect(again.minutesSince(0).map(({ span: { replaySigns } }) => replaySigns)).toEqual([3]);
  // The broker kept the newest: five more, and no gap that would be the device's.
  second.isRetained = true;
  second.health({ seq: 3, status: { counters: { ...counters, stale_state_version: 8 } } });
  expect(second.told()).toEqual(['refused stale_state_version ×5 late']);
  second.health({ seq: 3, status: { counters: { ...counters, stale_state_version: 8 } } });
  expect(second.told()).toEqual([]);
  again.close();
});

test('a device whose memory rotted is as new, and a name that was left behind keeps nobody out', () => {
  const history = opened();
  history.save([{ ...device(1), name: 'gw-1' }]);
  for (const memory of ['', 'null', '{"presence":null}', '{"presence":{},"replaced":1}']) {
    history.database.run('UPDATE devices SET memory = ?', [memory]);
    const found: unknown[] = [];
    history.restore((id, name, { report, presence }) =>
      found.push([id, name, report, presence.online]),
    );
    expect(found).toEqual([[1, 'gw-1', null, null]]);
  }
  expect(history.save([{ ...device(2), name: 'gw-1' }])).toBe(true);
  const ids: number[] = [];
  history.restore((id) => ids.push(id));
  expect(ids).toEqual([2]);
  history.close();
});

test('when there is no room it waits, says so, and writes when it can', () => {
  const history = opened();
  const limit = (pages: number) => history.database.run(`PRAGMA max_page_count = ${pages}`);
  limit(1);
  history.remember(
    device(1),
    Array.from({ length: 500 }, (_, at) => change(START_MS + at)),
  );
  expect(history.flush([])).toBe(false);
  expect(history).toMatchObject({ failures: 1, isPending: true });
  expect(history.lastError).toContain('full');
  limit(1_000_000);
  expect(history.flush([])).toBe(true);
  expect([rowsOf(history), history.lastError, history.isPending]).toEqual([500, null, false]);
  history.close();
});

test('a row that the database does not take is left out and counted, and the others are written', () => {
  const history = opened();
  history.remember(device(1), [change(START_MS), change(START_MS, { count: 1e19 })]);
  history.remember(device(2), [change(START_MS, { from: {} as never }), change(START_MS)]);
  expect(history.flush([{ atMs: START_MS, span: newSpan() }])).toBe(true);
  const ids: number[] = [];
  history.restore((id) => ids.push(id));
  expect([rowsOf(history), ids, history.dropped, history.isPending]).toEqual([2, [1, 2], 2, false]);
  expect([history.failures, history.lastError]).toEqual([0, null]);
  expect(history.minutesSince(0)).toHaveLength(1);
  history.close();
});

test('a device that lies about numbers takes nothing from the history of others', () => {
  const history = opened();
  const scene = new Scene();
  const most = Number.MAX_SAFE_INTEGER;
  for (let at = 0; at < 1_200; at++) {
    const lie = { v: 1, stream: `s${at}`, boot: BOOT, seq: most };
    const gap = { from_seq: 1, to_seq: most - 1, why: 'dropped' };
    scene.say('liar/event/notice', encodePayload({ ...lie, gap }, 'cbor'));
  }
  scene.registry.settle(START_MS + 2 * MINUTE_MS);
  scene.health({ seq: 1 });
  scene.health({ seq: 2, status: { state: 'DEGRADED' } });
  for (const { name, change: one } of scene.changes.splice(0)) {
    history.remember(scene.device(name), [one]);
  }
  expect(history.flush([])).toBe(true);
  expect(history).toMatchObject({ dropped: 0, failures: 0, isPending: false });
  const { most: largest } = history.database
    .query('SELECT max(count) AS most FROM changes')
    .get() as { most: number };
  expect(largest).toBe(1_000_000);
  history.close();
});

test('a device that is forgotten takes its changes with it', () => {
  const history = opened();
  history.remember(device(1), [change(START_MS)]);
  history.remember(device(2), [change(START_MS)]);
  history.flush([]);
  history.forget([device(1)]);
  const ids: number[] = [];
  history.restore((id) => ids.push(id));
  expect([ids, rowsOf(history)]).toEqual([[2], 1]);
  history.close();
});

test('what is older than its days goes, minutes before hours', () => {
  const history = opened();
  const day = 24 * HOUR_MS;
  history.remember(device(1), [change(START_MS - 31 * day), change(START_MS - 29 * day)]);
  const minutes = [START_MS - 8 * day, START_MS].map((atMs) => ({ atMs, span: newSpan() }));
  history.flush(minutes);
  for (const atMs of [START_MS - 31 * day, START_MS - 8 * day, START_MS]) history.sumHour(atMs);
  history.prune(START_MS);
  expect(rowsOf(history)).toBe(1);
  expect(history.spans('minutes', 0, START_MS + 1).map(({ atMs }) => atMs)).toEqual([START_MS]);
  expect(history.spans('hours', 0, START_MS + 1).map(({ atMs }) => atMs)).toEqual([
    START_MS - 8 * day,
    START_MS,
  ]);
  history.close();
});

test('rows of a time to come keep none that are old, and without the time nothing is old', () => {
  const history = opened();
  const day = 24 * HOUR_MS;
  const many = (count: number, atMs: number) => Array.from({ length: count }, () => change(atMs));
  history.remember(device(1), many(4_100, START_MS + 3_650 * day));
  history.remember(device(1), many(4_100, START_MS - 60 * day));
  history.flush([{ atMs: START_MS - 60 * day, span: newSpan() }]);
  expect(history.newestMinuteMs()).toBe(START_MS - 60 * day);
  expect(history.prune(null)).toBe(false);
  expect(rowsOf(history)).toBe(8_200);
  expect(history.prune(START_MS)).toBe(true);
  expect(history.prune(START_MS)).toBe(false);
  expect([rowsOf(history), history.newestMinuteMs()]).toEqual([4_100, null]);
  history.close();
});

test('a disk that has no room for giving pages back is a failure that is counted, and no more', () => {
  const history = opened();
  history.remember(device(1), [change(START_MS - 60 * 24 * HOUR_MS)]);
  history.flush([]);
  const { database } = history;
  const run = database.run.bind(database);
  database.run = ((query: string, ...more: never[]) => {
    if (query.includes('incremental_vacuum')) throw new Error('database or disk is full');
    return run(query, ...more);
  }) as typeof database.run;
  expect(history.prune(START_MS)).toBe(false);
  expect([rowsOf(history), history.failures]).toEqual([0, 1]);
  history.close();
});

test('the file stays within its bytes: the oldest goes, and the file shrinks', () => {
  const file = newFile();
  const bytesMax = 1_048_576;
  const history = opened(file, { retentionDays: 30, bytesMax });
  for (let round = 0; round < 20; round++) {
    const many = Array.from({ length: 1_000 }, (_, at) =>
      change(START_MS + round * 1_000 + at, { from: 'x'.repeat(40) }),
    );
    history.remember(device(1), many);
    history.flush([]);
    while (history.prune(START_MS + round));
  }
  expect(history.usedBytes()).toBeLessThanOrEqual(bytesMax);
  expect(history.failures).toBe(0);
  const kept = history.database
    .query('SELECT min(at_ms) AS first, max(at_ms) AS last FROM changes')
    .get() as { first: number; last: number };
  expect(kept.last).toBe(START_MS + 19_999);
  expect(kept.first).toBeGreaterThan(START_MS);
  history.close();
  expect(statSync(file).size).toBeLessThanOrEqual(bytesMax * 1.1);
});

test('an hour is the sum of its minutes, its states those of the last', () => {
  const history = opened();
  const hourMs = Math.floor(START_MS / HOUR_MS) * HOUR_MS;
  history.flush([
    { atMs: hourMs, span: span({ switches: 2, states: { ATTACHED: 5 }, recoveries: { 40: 2 } }) },
    {
      atMs: hourMs + 59 * MINUTE_MS,
      span: span({
        switches: 1,
        states: { ATTACHED: 4, DEGRADED: 1 },
        terminated: { shutdown: 1 },
      }),
    },
    { atMs: hourMs + HOUR_MS, span: span({ switches: 7 }) },
  ]);
  history.sumHour(hourMs);
  history.sumHour(hourMs);
  expect(history.spans('hours', 0, START_MS + HOUR_MS)).toEqual([
    {
      atMs: hourMs,
      span: span({
        ...{ switches: 3, states: { ATTACHED: 4, DEGRADED: 1 } },
        ...{ terminated: { shutdown: 1 }, recoveries: { 40: 2 } },
      }),
    },
  ]);
  history.close();
});

test('series: columns of one length, null where nothing is known', () => {
  const asked = { fromMs: START_MS, toMs: START_MS + 3 * MINUTE_MS, stepMs: 1 };
  const { table, ...window } = windowFor(asked, START_MS);
  expect([table, window.stepMs]).toEqual(['minutes', MINUTE_MS]);
  const series = seriesOf(window, [
    { atMs: START_MS, span: span({ switches: 2, states: { ATTACHED: 3, DEGRADED: 1 } }) },
    { atMs: START_MS + 2 * MINUTE_MS, span: span({ terminated: { shutdown: 1 } }) },
  ]);
  expect(series).toMatchObject({
    at_ms: [0, 1, 2].map((minute) => START_MS + minute * MINUTE_MS),
    switches: [2, null, 0],
    // In the last one the broker was not heard.
    states: { ATTACHED: [3, null, null], DEGRADED: [1, null, null] },
    degraded_percent: [25, null, null],
    terminated: { shutdown: [0, null, 1] },
  });
});

test('series: what is asked for too finely or too long ago is told in longer steps', () => {
  const day = 24 * HOUR_MS;
  const month = { fromMs: START_MS - 30 * day, toMs: START_MS, stepMs: MINUTE_MS };
  expect(windowFor(month, START_MS)).toMatchObject({ table: 'hours', stepMs: HOUR_MS });
  const years = { ...month, fromMs: 0 };
  const { fromMs, toMs, stepMs } = windowFor(years, START_MS);
  expect((toMs - fromMs) / stepMs).toBeLessThanOrEqual(2_002);
});

test('timeline: bands of states, none while the device is not there, and marks', () => {
  const history = opened();
  const one = device(1);
  const state = (atMs: number, to: string) => change(atMs, { kind: 'state', reason: null, to });
  const presence = (atMs: number, to: string) =>
    change(atMs, { kind: 'presence', reason: null, from: null, to });
  history.remember(device(2), [state(START_MS + 1_000, 'TERMINATED')]);
  history.remember(one, [
    state(START_MS - 5_000, 'ATTACHED'),
    state(START_MS + 1_000, 'RECOVERING'),
    presence(START_MS + 2_000, 'lost'),
    presence(START_MS + 3_000, 'online'),
    change(START_MS + 3_500, { count: 4 }),
    state(START_MS + 4_000, 'ATTACHED'),
  ]);
  history.flush([]);
  const { bands, marks } = timelineOf(history.database, 1, START_MS, START_MS + 5_000);
  expect(bands.map((band) => [band.state, band.from_ms - START_MS, band.to_ms - START_MS])).toEqual(
    [
      ['ATTACHED', 0, 1_000],
      ['RECOVERING', 1_000, 2_000],
      [null, 2_000, 3_000],
      ['RECOVERING', 3_000, 4_000],
      ['ATTACHED', 4_000, 5_000],
    ],
  );
  expect(marks.map(({ kind, reason, to, count }) => [kind, reason, to, count])).toEqual([
    ['presence', null, 'lost', 1],
    ['presence', null, 'online', 1],
    ['refused', 'rate_limited', null, 4],
  ]);
  // Before anything was heard nothing is known.
  expect(timelineOf(history.database, 1, START_MS - 9_000, START_MS - 8_000)).toEqual({
    bands: [{ state: null, from_ms: START_MS - 9_000, to_ms: START_MS - 8_000 }],
    marks: [],
  });
  history.close();
});

test('timeline: how much else a device says costs its page nothing', () => {
  const history = opened();
  const { database } = history;
  const put = database.prepare('INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const day = 24 * HOUR_MS;
  database.transaction(() => {
    put.run(1, START_MS - 30 * day, 0, null, null, 'ATTACHED', 1, 0);
    put.run(1, START_MS - 30 * day, 3, null, null, 'online', 1, 0);
    for (let at = 0; at < 100_000; at++) {
      put.run(1, START_MS - 20 * day + at, 2, 'rate_limited', null, null, 1, 0);
    }
  })();
  put.finalize();
  // Time would tell, too, but not on a busy machine: with this index no row is looked at but the one.
  const plan = database.query(`EXPLAIN QUERY PLAN ${LAST_BEFORE}`).all(1, START_MS, 0);
  expect(plan).toMatchObject([
    { detail: 'SEARCH changes USING INDEX changes_bands (device=? AND kind=? AND at_ms<?)' },
  ]);
  const { bands } = timelineOf(database, 1, START_MS - day, START_MS);
  expect(bands).toEqual([{ state: 'ATTACHED', from_ms: START_MS - day, to_ms: START_MS }]);
  history.close();
});
