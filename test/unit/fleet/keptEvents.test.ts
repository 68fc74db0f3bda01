/**
 * Goal: each event is kept once and in its words, over a crash too, and neither one device nor all together take more than their room.
 * Method: the real SQLite file in a folder of its own; time is handed in.
 */
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventDocument, eventLine } from '../../../agent/events/document.ts';
import { decodeLines } from '../../../agent/events/line.ts';
import { encodePayload } from '../../../agent/payload.ts';
import { EVENTS_A_MINUTE, EVENTS_AT_ONCE, EventPace } from '../../../fleet/eventPace.ts';
import { EventTable, HEARD_BEFORE } from '../../../fleet/eventTable.ts';
import { type History, openHistory } from '../../../fleet/history.ts';
import { type KeptAsked, readKeptEvents } from '../../../fleet/keptStreams.ts';
import { eventRow } from '../../lab/reporting.ts';
import { BOOT, Scene, START_MS } from './sample.ts';

const STREAM = 'aabbccdd00112233';
const DAY_MS = 86_400_000;
const ALL: KeptAsked = { fromMs: null, toMs: null, device: null };
let directory = '';
let files = 0;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'jvpn-kept-'));
});
afterAll(() => rmSync(directory, { recursive: true }));
const newFile = () => join(directory, `${files++}.sqlite`);

function opened(file: string, bytesMax = 64 * 1_048_576): History {
  const history = openHistory(file, { retentionDays: 30, bytesMax });
  if (!history.ok) throw new Error(history.message);
  return history.value;
}

/** As an agent publishes it. */
function say(scene: Scene, seq: number, device = 'gw-7', tsMs = START_MS - 60_000) {
  const monoMs = 1_000;
  const place = { stream: STREAM, boot: BOOT, seq, repeated: 0 };
  const row = { ...eventRow('transition', monoMs), ts_ms: tsMs };
  const [fields] = decodeLines(eventLine({ ...row, event: 'transition' }, place)).values;
  const document = eventDocument(fields!, null, { boot: BOOT, monoMs });
  return scene.say(`${device}/event/transition`, encodePayload(document, 'cbor'));
}

function keep(history: History, scene: Scene): boolean {
  for (const { device, event } of scene.kept.splice(0)) history.keep(device, event);
  return history.flush([]);
}

const seqsOf = (file: string, asked = ALL) => {
  const read = readKeptEvents(file, asked);
  if (!read.ok) throw new Error(read.message);
  return read.value.streams.map(({ device, rows }) => [device, rows.map(({ seq }) => seq)]);
};

test('room is counted in bytes, on the way in as on the way out', () => {
  const [file, scene] = [newFile(), new Scene()];
  opened(file).close();
  say(scene, 1);
  const [first] = scene.kept.splice(0);
  const database = new Database(file);
  const table = new EventTable(database, 400_000);
  table.bytes = 0;
  for (let seq = 1; seq <= 100; seq++) {
    table.add(first!.device, { ...first!.event, seq, text: '😀漢'.repeat(200) });
  }
  table.write();
  table.written();
  // 7 bytes in UTF-8, 3 units of UTF-16.
  expect(table.bytes).toBe(100 * (200 * 7 + 148));
  expect(table.prune(1_000)).toBe(100);
  expect(table.bytes).toBe(0);
  table.close();
  database.close();
});

test('what came is there in its words, at its own time, and once', () => {
  const [file, scene] = [newFile(), new Scene()];
  const history = opened(file);
  for (const seq of [1, 2, 2, 1, 3]) say(scene, seq);
  expect(keep(history, scene)).toBe(true);
  // Again, as after a restart of the device.
  say(scene, 3);
  keep(history, scene);
  const [row] = history.database.query('SELECT * FROM events WHERE seq = 2').all() as object[];
  history.close();
  expect(row).toMatchObject({ device: 1, stream: STREAM, boot: BOOT, at_ms: START_MS - 60_000 });
  expect(JSON.parse((row as { event: string }).event)).toMatchObject({
    ...{ event: 'transition', reason_code: 'carrier_lost', state_version: 3, policy_version: 1 },
    ...{ mono_ms: 1_000, audit_seq: 9, repeated: 0, gap: null, detail: {} },
  });
  expect(seqsOf(file)).toEqual([['gw-7', [1, 2, 3]]]);
});

test('with the memory of its device or not at all', () => {
  const [file, scene] = [newFile(), new Scene()];
  const history = opened(file);
  say(scene, 1);
  keep(history, scene);
  history.database.run('PRAGMA max_page_count = 1');
  for (let seq = 2; seq < 200; seq++) say(scene, seq);
  expect([keep(history, scene), history.isPending]).toEqual([false, true]);
  history.database.run('PRAGMA max_page_count = 1000000');
  expect([keep(history, scene), history.isPending, history.dropped]).toEqual([true, false, 0]);
  history.close();
  expect(seqsOf(file)[0]![1]).toHaveLength(199);
  const again = opened(file);
  again.restore((_id, _name, { events }) => expect(events).toMatchObject({ seq: 199 }));
  again.close();
});

test('what is older than its days goes, and a device that is forgotten takes its events with it', () => {
  const [file, scene] = [newFile(), new Scene()];
  const history = opened(file);
  for (const device of ['gw-1', 'gw-2']) say(scene, 1, device);
  keep(history, scene);
  history.prune(START_MS + 29 * DAY_MS);
  history.forget([scene.device('gw-1')]);
  scene.nowMs += DAY_MS;
  say(scene, 2, 'gw-2');
  keep(history, scene);
  history.prune(START_MS + 30 * DAY_MS + 1);
  history.close();
  expect(seqsOf(file)).toEqual([['gw-2', [2]]]);
});

test('how old an event is the clock of the fleet says: a device whose own is 40 days behind loses none', () => {
  const [file, scene] = [newFile(), new Scene()];
  const history = opened(file);
  const behindMs = START_MS - 40 * DAY_MS;
  for (const seq of [1, 2]) say(scene, seq, 'gw-1', behindMs + seq);
  keep(history, scene);
  history.prune(START_MS + 60_000);
  history.prune(START_MS + 30 * DAY_MS);
  history.close();
  expect(seqsOf(file)).toEqual([['gw-1', [1, 2]]]);
  // When it happened is what its device says.
  const toMs = behindMs + 2;
  expect(seqsOf(file, { ...ALL, toMs })).toEqual([['gw-1', [1]]]);
  const later = opened(file);
  later.prune(START_MS + 30 * DAY_MS + 1);
  later.close();
  expect(seqsOf(file)).toEqual([]);
});

test('a history of the first version is gone on with: of what is in it the time of the device counts', () => {
  const [file, scene] = [newFile(), new Scene()];
  const earlier = opened(file);
  for (const [seq, days] of [1, 2, 40].entries())
    say(scene, seq + 1, 'gw-1', START_MS - days * DAY_MS);
  keep(earlier, scene);
  earlier.database.run('DROP INDEX events_heard');
  earlier.database.run('ALTER TABLE events DROP COLUMN heard_ms');
  earlier.database.run('CREATE INDEX events_time ON events (at_ms)');
  earlier.database.run('PRAGMA user_version = 1');
  earlier.close();
  const history = opened(file);
  say(scene, 4, 'gw-1', START_MS - 40 * DAY_MS);
  expect(keep(history, scene)).toBeTrue();
  history.prune(START_MS);
  const { database } = history;
  const names = "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'events'";
  expect(database.query(`${names} ORDER BY name`).all()).toEqual([
    { name: 'events_heard' },
    { name: 'events_number' },
  ]);
  // No row is looked at but those that go.
  expect(database.query(`EXPLAIN QUERY PLAN ${HEARD_BEFORE} LIMIT 9`).all(START_MS)).toMatchObject([
    { detail: expect.stringMatching(/^SEARCH events USING (COVERING )?INDEX events_heard/) },
  ]);
  history.close();
  expect(seqsOf(file)).toEqual([['gw-1', [1, 2, 4]]]);
});

test('all together have a quarter of the file, and the first go first', () => {
  const bytesMax = 16_777_216;
  const [file, scene] = [newFile(), new Scene()];
  const history = opened(file, bytesMax);
  for (const device of ['gw-1', 'gw-2', 'gw-3']) {
    for (let seq = 1; seq <= 4_000; seq++) say(scene, seq, device);
    keep(history, scene);
  }
  expect(history.usedBytes()).toBeGreaterThan(bytesMax / 4);
  while (history.prune(null)) {}
  const used = history.usedBytes();
  history.close();
  const left = new Map(seqsOf(file) as [string, number[]][]);
  expect([left.has('gw-1'), left.get('gw-3')?.at(-1)]).toEqual([false, 4_000]);
  // What a row is said to take is what it takes.
  expect(used).toBeGreaterThan((bytesMax / 4) * 0.6);
  expect(used).toBeLessThan((bytesMax / 4) * 1.15);
});

test('one device has room for a backlog, and then for some a minute; others have theirs', () => {
  const pace = new EventPace<{ name: string }>();
  const [loud, quiet] = [{ name: 'loud' }, { name: 'quiet' }];
  const admitted = (nowMs: number, tries: number) =>
    Array.from({ length: tries }, () => pace.admits(loud, nowMs)).filter(Boolean).length;
  expect(admitted(START_MS, EVENTS_AT_ONCE + 100)).toBe(EVENTS_AT_ONCE);
  expect(pace.admits(quiet, START_MS)).toBe(true);
  expect(admitted(START_MS + 60_000, 1_000)).toBe(EVENTS_A_MINUTE);
  // A clock that is put back gives nothing.
  expect(admitted(START_MS, 10)).toBe(0);
  expect(admitted(START_MS + DAY_MS, EVENTS_AT_ONCE + 1)).toBe(EVENTS_AT_ONCE);
});

test('what is longer than any event is counted and not kept', () => {
  const scene = new Scene();
  const said = (detail: object) => {
    const document = { v: 1, stream: STREAM, boot: BOOT, seq: 1, gap: null, detail };
    return scene.say('gw-7/event/notice', encodePayload(document, 'cbor'));
  };
  expect(said({ text: 'x'.repeat(4_000) })).toBe('taken');
  expect([scene.kept.length, scene.registry.events.notKept]).toEqual([0, 1]);
});

test('what the fleet counts of events: once, late, again, and missing by why', () => {
  const scene = new Scene();
  const said = (seq: number, more: object = {}) =>
    scene.say(
      'gw-7/event/notice',
      encodePayload({ v: 1, stream: STREAM, boot: BOOT, seq, gap: null, ...more }, 'cbor'),
    );
  said(1);
  said(1);
  said(4, { gap: { from_seq: 2, to_seq: 3, why: 'dropped' }, historical: true });
  said(70, { gap: { from_seq: 6, to_seq: 69, why: 'cut' } });
  scene.connection = 2;
  said(73);
  expect({ ...scene.registry.events }).toEqual({
    ...{ received: 4, historical: 1, duplicates: 1, notKept: 0, gaps: 4 },
    missing: { dropped: 2, cut: 64, lost: 1, while_away: 2 },
  });
});
