/**
 * Goal: logs as the daemons write them are put together, judged, and what is wrong in them is named by file and line.
 * Method: the two sample logs in which nothing is wrong, written to files; each test breaks one thing.
 */
import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAudit } from '../../../../agent/cli/audit.ts';
import { groupParts } from '../../../../agent/cli/auditFiles.ts';
import type { AuditRecord } from '../../../../session/invariants/stream/record.ts';
import { reasonOf } from '../../../../session/reasons.ts';
import {
  deviceRecords,
  hubRecords,
  lineOf,
} from '../../session/invariants/stream/sampleStreams.ts';
import { collect } from './collect.ts';

type Files = Readonly<Record<string, string>>;

const textOf = (records: readonly AuditRecord[]) =>
  records.map((row) => `${lineOf(row)}\n`).join('');
const GOOD: Files = { 'agent.jsonl': textOf(deviceRecords()), 'hub.jsonl': textOf(hubRecords()) };

async function audit(files: Files, ...flags: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'jvpn-audit-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const terminal = collect();
    const paths = Object.keys(files).filter((name) => !name.endsWith('.toml'));
    const named = flags.map((flag) => (flag.endsWith('.toml') ? join(folder, flag) : flag));
    const code = await runAudit([...paths.map((name) => join(folder, name)), ...named], terminal);
    const short = (lines: readonly string[]) => lines.join('\n').replaceAll(`${folder}/`, '');
    return { code, out: short(terminal.outLines), err: short(terminal.errLines) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('good logs: 0, a row for each of the twelve, and the life of the session', async () => {
  const { code, out, err } = await audit(GOOD);
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain('device log of 14 events: agent.jsonl');
  expect(out).toContain('hub log of 7 events: hub.jsonl');
  const rows = out.split('\n').filter((line) => /^I\d+ /.test(line));
  expect(rows.map((row) => row.split(/ {2,}/).slice(0, 4).join(' '))).toEqual([
    'I1 single-binding 9 0',
    'I2 no-silent-reset 21 0',
    'I3 bounded-recovery 9 0',
    'I4 no-rollback 42 0',
    'I5 no-replay 4 0',
    'I6 one-owner 4 0',
    'I7 bounded-switching 4 0',
    'I8 explicit 42 0',
    'I9 fail-closed – –',
    'I10 telemetry-independent – –',
    'I11 bounded-memory – –',
    'I12 nonce-once – –',
  ]);
  expect(rows.slice(8).every((row) => / (asserted|compared) /.test(row))).toBe(true);
  expect(out).toContain('session s1 of key');
  expect(out).toMatch(
    /2023-11-14T22:13:25.000Z {2}device {2}ATTACHED → RECOVERING +carrier_lost +v3/,
  );
});

test('an invariant that broke: 1, the sentence, its file and line, and the event', async () => {
  const rows = deviceRecords().map((row) => (row.seq === 5 ? { ...row, stateVersion: 3 } : row));
  const { code, out } = await audit({ ...GOOD, 'agent.jsonl': textOf(rows) });
  expect(code).toBe(1);
  expect(out).toMatch(/^I4 {3}no-rollback +42 +1$/m);
  expect(out).toContain('agent.jsonl:5: I4: state_version 3 was used before');
  expect(out).toContain('"seq":5,"event":"claim"');
});

test('a missing event: 1, and how many', async () => {
  const rows = deviceRecords().filter(({ seq }) => seq !== 1 && seq !== 11);
  const { code, out } = await audit({ 'agent.jsonl': textOf(rows) });
  expect(code).toBe(1);
  expect(out).toContain('agent.jsonl:10: 1 events are missing between seq 10 and 12');
  expect(out).toMatch(/^I1 .* nothing to check: takes the logs of both ends$/m);
});

test('a torn line: 1, its file and line, and the rest is judged', async () => {
  const torn = `${GOOD['hub.jsonl']}{"ts_ms":17000\n{"seq":1}\n`;
  const { code, out } = await audit({ ...GOOD, 'hub.jsonl': torn });
  expect(code).toBe(1);
  expect(out).toContain('hub.jsonl:8: not JSON: torn by a power cut, or no audit log');
  expect(out).toContain('hub.jsonl:9: no audit event');
  expect(out).toContain('hub log of 7 events');
});

test('rotated parts are one log, oldest first, in whatever order they are given', async () => {
  expect(groupParts(['a/x.1', 'a/x', 'a/x.10', 'b/x', 'a/x.2', 'a/x'])).toEqual([
    ['a/x.10', 'a/x.2', 'a/x.1', 'a/x'],
    ['b/x'],
  ]);
  const rows = deviceRecords();
  const { code, out } = await audit({
    'agent.jsonl': textOf(rows.slice(9)),
    'agent.jsonl.1': textOf(rows.slice(5, 9)),
    'agent.jsonl.2': textOf(rows.slice(0, 5)),
    'hub.jsonl': GOOD['hub.jsonl']!,
  });
  expect(code).toBe(0);
  expect(out).toContain('device log of 14 events: agent.jsonl.2, agent.jsonl.1, agent.jsonl');
  const without = {
    'agent.jsonl': textOf(rows.slice(9)),
    'agent.jsonl.2': textOf(rows.slice(0, 5)),
  };
  expect((await audit(without)).out).toContain('agent.jsonl:1: 4 events are missing');
});

test('--session shows one with all of its events, by the first digits of its id', async () => {
  const { code, out } = await audit(GOOD, '--session', 's');
  expect(code).toBe(0);
  expect(out).toMatch(/device {2}claim +failback +v7/);
  const unknown = await audit(GOOD, '--session', 'ff');
  expect([unknown.code, unknown.out]).toEqual([2, '']);
  expect(unknown.err).toContain('session "ff" is in none of the logs');
});

test('--policy sets the bounds, and a bad one is refused with its place', async () => {
  const tight = '[switching]\nmax_switches_per_minute = 3\n';
  const [move] = deviceRecords().slice(6, 7);
  const more = [15, 16].map((seq) => ({ ...move!, seq, atMs: 13_000 + seq, stateVersion: 102 }));
  const files = { ...GOOD, 'agent.jsonl': textOf([...deviceRecords(), ...more]) };
  expect((await audit(files)).code).toBe(0);
  const { code, out } = await audit({ ...files, 'mine.toml': tight }, '--policy', 'mine.toml');
  expect(code).toBe(1);
  expect(out).toContain('I7: 4 switches in 60 s from 5040, cap 3');
  const bad = await audit({ ...GOOD, 'mine.toml': 'version = 0' }, '--policy', 'mine.toml');
  expect([bad.code, bad.out]).toEqual([2, '']);
  expect(bad.err).toContain('mine.toml: version');
});

/** Switches of one session, a second apart: as many as `versions`, each with its claim, written under those. */
function switchesUnder(versions: readonly number[]): string {
  const [claim, move] = deviceRecords().filter(
    ({ event, stateVersion }) =>
      ['claim', 'switch'].includes(event) && [4, 5].includes(stateVersion),
  );
  const rows = versions.flatMap((policyVersion, at) => {
    const atMs = 100_000 + 1_000 * at;
    const versioned = (stateVersion: number) => ({ stateVersion, atMs, policyVersion });
    const claimed = { ...claim!, ...versioned(200 + 2 * at) };
    return [claimed, { ...move!, ...versioned(201 + 2 * at), seq: 1 }];
  });
  return textOf(rows.map((row, at) => ({ ...row, seq: 1 + at })));
}

const capped = (version: number, cap: number) =>
  `version = ${version}\n[switching]\nmax_switches_per_minute = ${cap}\n`;
const V1 = { 'v1.toml': capped(1, 8) };
const V2 = { 'v2.toml': capped(2, 3) };

test('--policy may repeat: a switch is held to the cap of the version that its claim was made under', async () => {
  const both = ['--policy', 'v2.toml', '--policy', 'v1.toml'];
  const judge = async (versions: readonly number[], files: Files, flags: readonly string[]) =>
    audit({ 'agent.jsonl': switchesUnder(versions), ...files }, ...flags);

  const eight = [1, 1, 1, 1, 1, 1, 1, 1];
  const good = await judge(eight, { ...V1, ...V2 }, both);
  expect([good.code, good.out.includes('not held')]).toEqual([0, false]);
  expect(good.out).toContain('version 1\nbounds of policy "balanced" version 2\n');
  expect((await judge([...eight, 1], { ...V1, ...V2 }, both)).out).toContain('9 switches in 60 s');
  // The next one has the new cap, and the minute before counts.
  const lower = await judge([1, 1, 1, 2], { ...V1, ...V2 }, both);
  expect([lower.code, lower.out]).toEqual([1, expect.stringContaining('4 switches in 60 s')]);
  expect((await judge([1, 1, 2], { ...V1, ...V2 }, both)).code).toBe(0);

  // One that cannot be judged counts for those that can.
  const later = { 'v4.toml': capped(4, 3) };
  const unknown = await judge([1, 1, 1, 3, 4], later, ['--policy', 'v4.toml']);
  expect([unknown.code, unknown.out]).toEqual([1, expect.stringContaining('5 switches in 60 s')]);
  const only = await judge([...eight, 3], V2, ['--policy', 'v2.toml']);
  expect(only.code).toBe(0);
  expect(only.out.split('\n').at(-1)).toBe(
    'switches under policy versions 1, 3 were not held to a cap: no --policy FILE has that version',
  );
  const document = JSON.parse((await judge(eight, V2, ['--policy', 'v2.toml', '--json'])).out);
  expect(document).toMatchObject({ ok: true, policies: [{ version: 2 }], unjudged_versions: [1] });
  // Without one the shipped policy is for all.
  expect((await judge([7, 7, 7], {}, [])).out).not.toContain('not held');
});

test('two policies of one version are refused: nobody knows whose lines are whose', async () => {
  const files = { ...GOOD, ...V1, 'other.toml': capped(1, 4) };
  const { code, err } = await audit(files, '--policy', 'v1.toml', '--policy', 'other.toml');
  expect([code, err]).toEqual([
    2,
    'jvpn audit: other.toml: another file that was given has version 1 as well',
  ]);
});

test('--json is one document that says the same', async () => {
  const rows = deviceRecords().map((row) => (row.seq === 5 ? { ...row, stateVersion: 3 } : row));
  const { code, out } = await audit({ ...GOOD, 'agent.jsonl': textOf(rows) }, '--json');
  const document = JSON.parse(out);
  expect(code).toBe(1);
  expect(document).toMatchObject({
    ok: false,
    policy: { name: 'balanced', version: 1 },
    logs: [{ writer: 'device', events: 14, first_seq: 1, last_seq: 14 }, { writer: 'hub' }],
    violations: expect.arrayContaining([
      expect.objectContaining({ id: 'I4', file: 'agent.jsonl', line: 5, writer: 'device' }),
    ]),
    gaps: [],
    unreadable: [],
  });
  expect(document.invariants).toHaveLength(12);
  expect(document.sessions[0].events[0]).toMatchObject({ reason_code: 'session_created', seq: 1 });
  expect(JSON.parse((await audit(GOOD, '--json')).out).ok).toBe(true);
});

test('what needs a look is said once, with sentence and hint of the one table, with or without a session', async () => {
  const [row] = deviceRecords();
  const portal = {
    ...row!,
    event: 'notice' as const,
    from: null,
    to: null,
    reasonCode: 'link_unanswered',
  };
  const more = [
    { ...portal, seq: 15, transport: 'eth0→203.0.113.1:51820' },
    { ...portal, seq: 16, transport: 'wlan0→203.0.113.1:51820', sessionId: null },
    { ...portal, seq: 17, transport: 'eth0→203.0.113.1:51820' },
  ].map((record) => ({ ...record, atMs: 40_000, stateVersion: 200 }));
  const files = { ...GOOD, 'agent.jsonl': textOf([...deviceRecords(), ...more]) };
  const { sentence, hint, severity } = reasonOf('link_unanswered');
  const both = ['eth0→203.0.113.1:51820', 'wlan0→203.0.113.1:51820'];

  const { out } = await audit(files);
  const lines = out.split('\n');
  const at = lines.indexOf(`${severity} link_unanswered, 3 events: ${both.join(', ')}`);
  expect(lines.slice(at + 1, at + 3)).toEqual([`  ${sentence}`, `  ${hint}`]);
  expect(at).toBeGreaterThan(0);
  const advice = { reason_code: 'link_unanswered', severity, sentence, hint };
  expect(JSON.parse((await audit(files, '--json')).out).advice).toEqual([
    { ...advice, count: 3, transports: both },
  ]);
  // Of one session only what is its own; of good logs none.
  expect(JSON.parse((await audit(files, '--json', '--session', 's')).out).advice).toEqual([
    { ...advice, count: 2, transports: [both[0]] },
  ]);
  expect(JSON.parse((await audit(GOOD, '--json')).out).advice).toEqual([]);
});

test('wrong usage, a file that is not there, a file without an event: 2', async () => {
  const run = async (...argv: string[]) => {
    const terminal = collect();
    return [await runAudit(argv, terminal), terminal.errLines.join('\n')] as const;
  };
  expect(await run()).toEqual([2, expect.stringContaining('FILE is missing')]);
  expect(await run('--polcy', 'x')).toEqual([2, expect.stringContaining('did you mean --policy')]);
  expect(await run('/nonexistent/hub.jsonl')).toEqual([
    2,
    expect.stringContaining('/nonexistent/hub.jsonl'),
  ]);
  const empty = await audit({ 'agent.jsonl': 'hello\n' });
  expect(empty).toEqual({
    code: 2,
    out: '',
    err: 'jvpn audit: agent.jsonl:1: there is no audit event in it',
  });
  expect((await audit({ 'agent.jsonl': '' })).code).toBe(2);
  expect((await audit({}, '--help')).out).toStartWith('Usage: jvpn audit FILE');
});
