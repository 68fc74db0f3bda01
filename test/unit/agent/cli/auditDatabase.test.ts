/**
 * Goal: `jvpn audit --database` finds in what a fleet keeps the faults that it finds in a log, and says where it cannot look.
 * Method: rows of an audit log numbered and published by the agent's own stream, heard by the fleet's own registry, written by its
 * history into the real file; each test breaks one thing.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAudit } from '../../../../agent/cli/audit.ts';
import { eventDocument, type Gap } from '../../../../agent/events/document.ts';
import { EventStream } from '../../../../agent/events/stream.ts';
import { encodePayload } from '../../../../agent/payload.ts';
import { decodeDocument } from '../../../../fleet/document.ts';
import { type History, openHistory } from '../../../../fleet/history.ts';
import type { AuditRow } from '../../../../hal/linux/auditLog.ts';
import type { AuditRecord } from '../../../../session/invariants/stream/record.ts';
import { BOOT, Scene, START_MS } from '../../fleet/sample.ts';
import { deviceRecords, lineOf } from '../../session/invariants/stream/sampleStreams.ts';
import { collect } from './collect.ts';

const STREAM = 'aabbccdd00112233';
const [BEGIN_MS, DAY_MS] = [1_700_000_000_000, 86_400_000];

let directory = '';
let files = 0;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'jvpn-audit-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

async function audit(...argv: string[]) {
  const terminal = collect();
  const code = await runAudit(argv, terminal);
  return { code, out: terminal.outLines.join('\n'), err: terminal.errLines.join('\n') };
}

function opened(file: string): History {
  const history = openHistory(file, { retentionDays: 30, bytesMax: 64 * 1_048_576 });
  if (!history.ok) throw new Error(history.message);
  return history.value;
}

interface Published {
  readonly seq: number;
  readonly payload: Uint8Array;
}

/** As the device's own code numbers and sends them; `gaps` are told with the event of that number. */
function published(
  records: readonly AuditRecord[],
  { boot = BOOT, stream = STREAM, gaps = {} as Readonly<Record<number, Gap>> } = {},
): Published[] {
  const events = new EventStream(boot, null, stream);
  const sent: Published[] = [];
  for (const record of records) {
    const row = JSON.parse(lineOf(record)) as AuditRow;
    events.add(row, row.mono_ms, () => {});
    for (let out = events.take(); out !== null; out = events.take()) {
      const now = { boot, monoMs: row.mono_ms };
      const document = eventDocument(out.fields, gaps[out.seq] ?? out.gap, now);
      sent.push({ seq: out.seq, payload: encodePayload(document, 'cbor') });
      events.settle(out.seq, 'delivered');
    }
  }
  return sent;
}

/** Of a process whose store goes on with this number. */
function reseqed({ payload }: Published, seq: number): Published {
  const document = decodeDocument(payload);
  if (!document.ok) throw new Error(document.code);
  return { seq, payload: encodePayload({ ...document.value, seq }, 'cbor') };
}

/** What a fleet that heard these has on its disk. */
function heard(
  devices: Readonly<Record<string, readonly Published[]>>,
  before: (history: History) => void = () => {},
): string {
  const file = join(directory, `${files++}.sqlite`);
  const history = opened(file);
  const scene = new Scene();
  for (const [device, events] of Object.entries(devices)) {
    scene.presence('online', BOOT, 1, device);
    for (const { payload } of events) scene.say(`${device}/event/notice`, payload);
  }
  for (const { name, change } of scene.changes) history.remember(scene.device(name), [change]);
  for (const { device, event } of scene.kept) history.keep(device, event);
  expect(history.flush([])).toBe(true);
  before(history);
  history.close();
  return file;
}

/** The sample without claims, in which nothing is wrong: nine events. */
const rows = () => deviceRecords();
const changed = (is: (record: AuditRecord) => boolean, change: Partial<AuditRecord>) =>
  rows().map((record) => (is(record) ? { ...record, ...change } : record));
const without = (events: readonly Published[], ...seqs: number[]) =>
  events.filter(({ seq }) => !seqs.includes(seq));

test('a fleet in which nothing is wrong: 0, what was checked, and the lives of its sessions', async () => {
  const file = heard({ 'gw-1': published(rows()), 'gw-2': published(rows()), 'gw-3': [] });
  const { code, out, err } = await audit('--database', file);
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain(`20 events of 2 devices in 2 runs without a gap: ${file}`);
  expect(out).toContain('no events of gw-3: nothing was checked of them');
  const table = out.split('\n').filter((line) => /^I\d+ /.test(line));
  expect(table.map((row) => row.split(/ {2,}/).slice(0, 4).join(' '))).toEqual([
    'I1 single-binding – –',
    'I2 no-silent-reset 20 0',
    'I3 bounded-recovery 14 0',
    'I4 no-rollback 40 0',
    'I5 no-replay – –',
    'I6 one-owner – –',
    'I7 bounded-switching 4 0',
    'I8 explicit 40 0',
    'I9 fail-closed – –',
    'I10 telemetry-independent – –',
    'I11 bounded-memory – –',
    'I12 nonce-once – –',
  ]);
  expect(out).not.toContain('not checkable here');
  expect(out).toMatch(/device {2}ATTACHED → RECOVERING +carrier_lost +v3/);
  const one = await audit('--database', file, '--device', 'gw-2', '--session', 's1');
  expect(one.out).toContain('10 events of 1 device in 1 run');
  expect(one.out).toContain('session s1 of gw-2');
});

const toRecovery = ({ to }: AuditRecord) => to === 'RECOVERING';
const afterHour = (record: AuditRecord) => ({ ...record, atMs: record.atMs + 3_600_000 });
const [, , , , , RECOVERED, SWITCHED] = deviceRecords();

// biome-ignore format: this is a table
const PLANTED: readonly (readonly [what: string, sentence: string, records: () => AuditRecord[]])[] = [
  ['I2', 'I2: session s2 appeared while s1 had not ended',
    () => [...rows(), { ...afterHour(RECOVERED!), sessionId: 's2', from: 'BIRTH', stateVersion: 200 }]],
  ['I3', 'I3: RECOVERING for 95000 ms, its window is 30000',
    () => rows().map((record) => (record.atMs > 5_000 ? { ...record, atMs: record.atMs + 94_960 } : record))],
  ['I4', 'I4: state_version went back from 3 to 2',
    () => changed(({ stateVersion, event }) => stateVersion === 5 && event === 'transition', { stateVersion: 2 })],
  ['I7', 'I7: 9 switches in 60 s from 3605040, cap 8',
    () => [...rows(), ...Array.from({ length: 9 }, (_, at) => ({ ...afterHour(SWITCHED!), stateVersion: 200 + at }))]],
  ['I8', 'I8: ATTACHED → RECOVERING, but the session was last seen in RECOVERING',
    () => rows().flatMap((record) => (toRecovery(record) && record.event === 'transition' ? [record, { ...record, stateVersion: 4 }] : [record]))],
];

for (const [what, sentence, records] of PLANTED) {
  test(`${what} that broke: 1, its sentence, the device, its stream and number, and the event`, async () => {
    const file = heard({ 'gw-1': published(rows()), 'gw-2': published(records()) });
    const { code, out } = await audit('--database', file);
    expect(code).toBe(1);
    const line = out.split('\n').find((text) => text.includes(sentence)) ?? out;
    expect(line).toMatch(new RegExp(`^gw-2/${STREAM}:\\d+: ${what}: `));
    const document = JSON.parse((await audit('--database', file, '--json')).out);
    const [first] = document.violations;
    expect(document).toMatchObject({ ok: false, not_checkable: [], database: { devices: 2 } });
    expect(first).toMatchObject({ id: what, file: `gw-2/${STREAM}`, event: { device: 'gw-2' } });
    expect(first.event.seq).toBe(first.line);
  });
}

test('numbers that never came: told, and no fault is made of what is on both sides of them', async () => {
  // Over the gap the state does not chain, and behind it the version is an old one.
  const records = changed(({ atMs }) => atMs >= 9_020 && atMs < 12_000, { stateVersion: 1 });
  const whole = published(records);
  expect((await audit('--database', heard({ 'gw-1': whole }))).code).toBe(1);
  const file = heard({ 'gw-1': without(whole, 3, 4, 5, 6) });
  const { code, out } = await audit('--database', file);
  expect([code, out.includes('I4: ')]).toEqual([0, false]);
  expect(out).toContain('6 events of 1 device in 2 runs without a gap');
  expect(out).toContain(
    `gw-1/${STREAM}: not checkable here, between seq 2 and 7: 4 missing, nobody heard them, or the history had no room for them`,
  );
  const document = JSON.parse((await audit('--database', file, '--json')).out);
  expect(document).toMatchObject({
    ok: true,
    gaps: [],
    not_checkable: [
      { device: 'gw-1', stream: STREAM, after_seq: 2, seq: 7, missing: 4, why: 'lost' },
    ],
  });
});

test('what a device dropped and what a cut took is told as what it is, beside what was lost', async () => {
  const gaps = {
    5: { from_seq: 4, to_seq: 4, why: 'dropped' },
    8: { from_seq: 2, to_seq: 7, why: 'cut' },
  } as const;
  const events = without(published(rows(), { gaps }), 3, 4, 6, 7);
  const { code, out } = await audit('--database', heard({ 'gw-1': events }));
  expect(code).toBe(0);
  expect(out.split('\n').filter((line) => line.includes('not checkable here'))).toEqual([
    `gw-1/${STREAM}: not checkable here, between seq 2 and 5: 1 missing, nobody heard them, or the history had no room for them`,
    `gw-1/${STREAM}: not checkable here, between seq 2 and 5: 1 missing, the device had no room for them`,
    `gw-1/${STREAM}: not checkable here, between seq 5 and 8: 2 missing, a power cut or a kill took them; at most so many were events`,
  ]);
});

test('what has gone for its age, and what was heard and is not there', async () => {
  const file = heard({ 'gw-1': published(rows()) }, (history) => {
    history.database.run('UPDATE events SET heard_ms = at_ms');
    history.prune(BEGIN_MS + 8_000 + 30 * DAY_MS);
    history.database.run('DELETE FROM events WHERE seq > 9');
  });
  const { code, out } = await audit('--database', file);
  expect(code).toBe(0);
  expect(out).toContain('between seq 0 and 6: 5 missing, the history begins behind them');
  expect(out).toContain(
    'behind seq 9: 1 missing, they were heard, and the history has them no more',
  );
});

test('a creation that may not have been published is no silent reset; one that was is', async () => {
  const next = (atMs: number, more: Partial<AuditRecord> = {}): AuditRecord[] => [
    { ...deviceRecords()[0]!, atMs, sessionId: 's2', stateVersion: 200, ...more },
    { ...RECOVERED!, from: 'BIRTH', atMs: atMs + 10, sessionId: 's2', stateVersion: 201 },
  ];
  const ended = { ...RECOVERED!, from: 'ATTACHED', to: 'TERMINATED', stateVersion: 199 } as const;
  const life = (atMs: number, more?: Partial<AuditRecord>) => [
    ...[...rows(), { ...ended, atMs }],
    ...next(atMs + 10, { detail: { previousSessionId: 's1' }, ...more }),
  ];
  // Within the minute the device says nothing of it, and an honest life looks like a fault.
  const hidden = await audit('--database', heard({ 'gw-1': published(life(20_000)) }));
  expect([hidden.code, hidden.out]).toEqual([
    0,
    expect.stringContaining('a notice that would explain what follows may not have been published'),
  ]);
  // Nor where the one that others were left out behind is missing itself.
  const headless = heard({ 'gw-1': without(published(life(20_000)), 1, 2) });
  const missing = await audit('--database', headless);
  expect([missing.code, missing.out]).toEqual([0, expect.stringContaining('may not have been')]);
  // What its process may only have tried is not followed by the next process.
  const tried = { ...deviceRecords()[0]!, atMs: 20_010, reasonCode: 'nat_rebind', sessionId: 's2' };
  const third = next(1_000, { sessionId: 's3', detail: { previousSessionId: 's1' } });
  const later = published(third.slice(0, 1), { boot: '8899aabbccddeeff' });
  const first = published([...life(20_000).slice(0, -2), { ...tried, stateVersion: 200 }]);
  const behind = later.map((event) => reseqed(event, first.length + 1));
  const attempt = await audit('--database', heard({ 'gw-1': [...first, ...behind] }));
  expect([attempt.code, attempt.out.match(/may not have been/g)?.length]).toEqual([0, 2]);
  const seen = await audit('--database', heard({ 'gw-1': published(life(90_000)) }));
  expect([seen.code, seen.out.includes('not checkable')]).toEqual([0, false]);
  const wrong = life(90_000, { detail: { previousSessionId: 's0' } });
  const found = await audit('--database', heard({ 'gw-1': published(wrong) }));
  expect([found.code, found.out]).toEqual([1, expect.stringContaining('but names s0')]);
});

test('a policy that falls back is a rollback, unless it was given up or that may not have been published', async () => {
  const say = (atMs: number, reasonCode: string, version: number, policyVersion: number) => ({
    ...{ ...deviceRecords()[0]!, reasonCode, atMs, policyVersion, sessionId: null },
    ...{ stateVersion: 300, detail: { version } },
  });
  const under = (atMs: number, version: number) => say(atMs, 'link_changed', 0, version);
  const [trial, back] = ['policy_on_trial', 'policy_rolled_back'];
  const judge = async (...records: AuditRecord[]) => {
    const file = heard({ 'gw-1': published([...rows(), ...records]) });
    const { code, out } = await audit('--database', file);
    return [code, out.includes('not checkable here')];
  };
  const given = [say(100_000, trial, 2, 1), under(170_000, 2), say(175_000, back, 2, 2)];
  expect(await judge(...given, under(240_000, 1))).toEqual([0, false]);
  expect(await judge(...given.slice(0, 2), under(240_000, 1))).toEqual([1, false]);
  // The second one that is given up within a minute is not published.
  const second = [say(180_000, trial, 3, 1), say(190_000, 'policy_applied', 3, 3)];
  const third = [say(200_000, back, 3, 3), { ...under(300_000, 1), reasonCode: 'mtu_changed' }];
  expect(await judge(...given, ...second, ...third)).toEqual([0, true]);
});

test('without claims a switch may have begun under any policy since the one before', async () => {
  const capped = (version: number, cap: number) => {
    const file = join(directory, `v${version}.toml`);
    const text = `version = ${version}\n[switching]\nmax_switches_per_minute = ${cap}\n`;
    writeFileSync(file, text);
    return ['--policy', file];
  };
  const policies = [...capped(1, 8), ...capped(2, 3)];
  const moves = (...versions: number[]) =>
    versions.map((policyVersion, at) => ({
      ...{ ...SWITCHED!, policyVersion, atMs: 100_000 + at, stateVersion: 200 + at },
    }));
  const judge = async (...versions: number[]) => {
    const file = heard({ 'gw-1': published([...rows(), ...moves(...versions)]) });
    return (await audit('--database', file, ...policies)).code;
  };
  expect([await judge(1, 1, 1, 2), await judge(1, 1, 1, 2, 2)]).toEqual([0, 1]);
});

test('a number of two processes, an event that is none, and a stream that began anew', async () => {
  const first = published(rows());
  const again = published(rows().slice(0, 3), { boot: '8899aabbccddeeff' });
  const anew = published(rows(), { stream: 'ffeeddcc00112233' });
  const twice = await audit('--database', heard({ 'gw-1': [...first, ...again, ...anew] }));
  expect(twice.code).toBe(0);
  expect(twice.out).toContain('between seq 1 and 1: one number is of two events');
  expect(twice.out).toContain('22 events of 1 device in 4 runs');
  const foreign = { v: 1, stream: STREAM, boot: BOOT, seq: 11, gap: null, event: 'coup' };
  const events = [...first, { seq: 11, payload: encodePayload(foreign, 'cbor') }];
  const { code, out } = await audit('--database', heard({ 'gw-1': events }));
  expect([code, out]).toEqual([1, expect.stringContaining(`gw-1/${STREAM}:11: no audit event`)]);
});

test('a range has whole streams between its first and its last, and begins with no fault', async () => {
  const file = heard({ 'gw-1': published(rows()) });
  const at = (ms: number) => new Date(BEGIN_MS + ms).toISOString();
  const { code, out } = await audit('--database', file, '--from', at(5_040), '--to', at(9_001));
  expect([code, out.includes('not checkable')]).toEqual([0, false]);
  expect(out).toContain('3 events of 1 device');
});

test('usage, files that are none, nothing in the range, one that is open', async () => {
  const file = heard({ 'gw-1': published(rows()) });
  const says = async (...argv: string[]) => {
    const { code, out, err } = await audit(...argv);
    return [code, out, err.split('\n')[0]];
  };
  const later = new Date(START_MS + DAY_MS).toISOString();
  for (const [argv, message] of [
    [['--database', file, 'agent.jsonl'], '--database or audit logs, one of them'],
    [['agent.jsonl', '--device', 'gw-1'], '--device, --from and --to are of --database'],
    [['--database', file, '--from', 'noon'], '--from "noon" is no time; write 2026-11-29T14:00Z'],
    [['--database', file, '--device', 'gw-9'], `there is no device "gw-9" in ${file}`],
    [['--database', file, '--from', later], `${file}: there is no event in that range in it`],
    [['--database', directory], `${directory} is no file`],
  ] as const) {
    expect(await says(...argv)).toEqual([2, '', `jvpn audit: ${message}`]);
  }
  const running = opened(file);
  running.flush([]);
  const busy = await says('--database', file);
  running.database.run('DROP TABLE events');
  running.close();
  expect(busy).toEqual([2, '', expect.stringContaining('in a jvpn fleet that runs')]);
  expect((await says('--database', file))[2]).toContain('did not keep them yet');
});
