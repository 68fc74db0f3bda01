/**
 * Goal: what happened is told as it was, in words, figures and pictures, and nothing from a log becomes markup.
 * Method: the two sample logs of a session that switches, fails back and outlives a kill, written to files.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { linkSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Facts, factsOf } from '../../../../agent/cli/report/facts.ts';
import { runReport } from '../../../../agent/cli/report.ts';
import type { AuditRecord } from '../../../../session/invariants/stream/record.ts';
import { folderForTests } from '../../../folder.ts';
import {
  deviceRecords,
  hubRecords,
  lineOf,
} from '../../session/invariants/stream/sampleStreams.ts';
import { collect } from './collect.ts';

const folder = folderForTests('jvpn-report-');
afterAll(() => rmSync(folder, { recursive: true }));

const textOf = (records: readonly AuditRecord[]) =>
  records.map((row) => `${lineOf(row)}\n`).join('');

let files = 0;
function written(text: string): string {
  files += 1;
  const file = join(folder, `${files}.jsonl`);
  writeFileSync(file, text);
  return file;
}

const DEVICE = join(folder, 'device.jsonl');
const HUB = join(folder, 'hub.jsonl');
beforeAll(() => {
  writeFileSync(DEVICE, textOf(deviceRecords()));
  writeFileSync(HUB, textOf(hubRecords()));
});

async function report(...argv: string[]) {
  const terminal = collect();
  const code = await runReport(argv, terminal);
  return { code, out: terminal.outLines.join('\n'), err: terminal.errLines.join('\n') };
}

async function facts(...argv: string[]): Promise<Facts> {
  const { code, out, err } = await report(...argv, '--json');
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Facts;
}

test('states, recoveries, switches and how long: from the log of the device', async () => {
  const told = await facts(DEVICE, HUB);
  expect(told).toMatchObject({
    ...{ fromMs: 1_700_000_000_000, toMs: 1_700_000_012_200, events: 21, sessions: 1 },
    ...{ recoveriesMs: [40, 200], lost: { carrier_lost: 1 }, ended: {}, denied: {}, abuse: {} },
    switches: { reattach_accepted: 1, failback: 1, session_resumed: 1 },
    inStateMs: { BIRTH: 20, ATTACHED: 4_980 + 3_960 + 2_980, VOLATILE: 20, RECOVERING: 240 },
    ...{ gaps: 0, unreadable: 0, alarms: {} },
  });
  expect(told.devices).toMatchObject([
    { device: 'key', writer: 'device', switches: 2, switchesInAMinuteMax: 2 },
  ]);
  expect(told.invariants.every(({ violations }) => violations.length === 0)).toBe(true);
});

test('without the log of the device: what the hub saw', async () => {
  const told = await facts(HUB);
  expect(told.devices).toMatchObject([{ device: 'key', writer: 'hub', switches: 2 }]);
});

test('a burst counts as many as it stands for, and what a hub says besides is not lost', async () => {
  const refusal = (seq: number, change: Partial<AuditRecord>): AuditRecord => ({
    ...hubRecords().at(-1)!,
    ...{ seq, event: 'refusal', from: null, to: null, reasonCode: 'replay_detected' },
    ...change,
  });
  const hub = written(
    textOf([
      ...hubRecords(),
      refusal(8, { detail: { count: 41 } }),
      refusal(9, { device: '', sessionId: null }),
    ]),
  );
  expect((await facts(DEVICE, hub)).abuse).toEqual({ replay_detected: 42 });
});

test('where no claim was refused it does not say that nothing came twice: nobody logs a replayed datagram', async () => {
  const counted =
    'counted, not logged: see jvpn\\_hub\\_refused\\_total{code="replayed\\_datagram"}';
  const { out } = await report(DEVICE, HUB);
  expect(out).toContain('None: no claim was refused as stale or repeated');
  expect(out).toContain(counted);
  const stale = { ...hubRecords().at(-1)!, seq: 8, event: 'refusal' as const };
  const records = [...hubRecords(), { ...stale, reasonCode: 'stale_state_version' }];
  const refused = (await report(DEVICE, written(textOf(records)))).out;
  expect(refused).toContain('| stale\\_state\\_version | 1 |');
  expect(refused).toContain(counted);
});

test('denials are told by what was in the way, and one that ends in DEGRADED is one', async () => {
  const [first] = deviceRecords();
  const said = (change: Partial<AuditRecord>): AuditRecord => ({
    ...{ ...first!, atMs: 12_300, stateVersion: 102, reasonCode: 'switch_denied', detail: {} },
    ...change,
  });
  const denied = (code: string) => said({ detail: { wanted: 'failback', denied: code } });
  const records = [
    ...[...deviceRecords(), denied('cooldown_active'), denied('hold_down_active')],
    ...[denied('cooldown_active'), said({ detail: { why: 'claim_under_way' } }), said({})],
    said({ event: 'refusal', reasonCode: 'switch_rate_limited', detail: { waitMs: 59_996 } }),
    said({ event: 'transition', from: 'ATTACHED', to: 'VOLATILE', reasonCode: 'quality_loss' }),
    denied('switch_rate_limited'),
    {
      ...denied('switch_rate_limited'),
      ...({ event: 'transition', from: 'VOLATILE', to: 'DEGRADED' } as const),
    },
  ];
  const log = written(textOf(records.map((record, at) => ({ ...record, seq: at + 1 }))));
  // Whether such a device may exist is not what is asked here, so the exit code is not looked at.
  const told = JSON.parse((await report(log, '--json')).out) as Facts;
  expect(told.denied).toEqual({
    ...{ cooldown_active: 2, hold_down_active: 1, claim_under_way: 1, switch_denied: 1 },
    switch_rate_limited: 2,
  });
  expect((await report(log)).out).toContain('| denied | cooldown\\_active | 2 |');
});

test('a reason from a log is counted by whatever name it comes', async () => {
  for (const reason of ['constructor', '__proto__']) {
    const records = deviceRecords().map((record) => ({
      ...record,
      reasonCode: record.reasonCode === 'carrier_lost' ? reason : record.reasonCode,
    }));
    const { out } = await report(written(textOf(records)), '--json');
    expect(Object.entries((JSON.parse(out) as Facts).lost)).toEqual([[reason, 1]]);
  }
});

test('a range and a device', async () => {
  const later = await facts(DEVICE, '--from', '2023-11-14T22:13:29Z');
  expect(later).toMatchObject({ fromMs: 1_700_000_009_000, recoveriesMs: [200] });
  const early = await facts(DEVICE, '--to', '2023-11-14T22:13:25Z');
  expect(early).toMatchObject({ toMs: 1_700_000_005_000, recoveriesMs: [] });
  expect((await facts(DEVICE, '--device', 'ke')).devices.length).toBe(1);
});

test('Markdown: a section for each part of the review, tables that are tables', async () => {
  const { code, out } = await report(DEVICE, HUB);
  expect(code).toBe(0);
  expect([...(out.match(/^## .*/gm) ?? [])]).toEqual([
    ...['## What was looked at', '## States', '## Recovery latency', '## Switches'],
    ...['## Replays, copies and refusals', '## Ended sessions', '## Invariants', '## Resources'],
  ]);
  expect(out).toContain(
    '2 recoveries: 40 ms (median), 200 ms (p95), 200 ms (p99), 200 ms (longest).',
  );
  expect(out).toContain('| ATTACHED | 11.9 s | 97.7 % |');
  expect(out).toContain('2 committed; at most 2 of one device in a minute.');
});

test('a page that needs nothing else: bands, bars, and no markup out of a log', async () => {
  const hostile = '<script>alert(1)</script>&"|`';
  const records = deviceRecords().map((record) => ({
    ...record,
    device: hostile,
    reasonCode: record.reasonCode === 'carrier_lost' ? hostile : record.reasonCode,
  }));
  const html = join(folder, 'page.html');
  const { out } = await report(written(textOf(records)), '--html', html);
  const page = readFileSync(html, 'utf8');
  expect(page).not.toContain('<script');
  expect(page).not.toMatch(/(?:src|href|url\(|@import)/);
  expect(page.match(/<svg [^>]*role="img" aria-label="[^"]+"/g)?.length).toBe(2);
  expect(page.match(/<rect class="ATTACHED"/g)?.length).toBe(4);
  for (const end of ['2023-11-14T22:13:20.000Z', '2023-11-14T22:13:32.200Z']) {
    expect(page).toContain(`>${end}</text>`);
  }
  expect(page).toContain('prefers-color-scheme:dark');
  expect(out).toContain('\\<script\\>alert(1)\\</script\\>&"\\|\\`');
});

test('Markdown: a control character out of a log ends no row and reaches no terminal', async () => {
  const hostile = 'lost\r\n\u001b[2J\u007f\u009b31m\u0000é';
  const records = deviceRecords().map((record) => ({
    ...record,
    reasonCode: record.reasonCode === 'carrier_lost' ? hostile : record.reasonCode,
  }));
  const { out } = await report(written(textOf(records)));
  expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  expect(out).toContain('\n| lost\ufffd\ufffd\ufffd\\[2J\ufffd\ufffd31m\ufffdé | 1 |\n');
});

test('a broken invariant: 1, and the review says so', async () => {
  const records = deviceRecords().map((record) =>
    record.seq === 6 ? { ...record, stateVersion: 1 } : record,
  );
  const { code, out } = await report(written(textOf(records)));
  expect(code).toBe(1);
  expect(out).toContain('Broken: I4 no-rollback');
});

test('the page does not take the place of a log, by whatever name', async () => {
  const log = written(textOf(deviceRecords()));
  const [soft, hard] = [`${log}.soft.html`, `${log}.hard.html`];
  symlinkSync(log, soft);
  linkSync(log, hard);
  for (const html of [log, `${folder}/./${basename(log)}`, soft, hard]) {
    expect(await report(HUB, log, '--html', html)).toEqual({
      ...{ code: 2, out: '' },
      err: `jvpn report: --html ${html} would overwrite ${log}, a log that the review is of; name another file for the page`,
    });
  }
  expect(readFileSync(log, 'utf8')).toBe(textOf(deviceRecords()));
  const page = join(folder, 'again.html');
  for (const _ of [1, 2]) expect((await report(log, '--html', page)).code).toBe(0);
});

test('wrong usage: what was wrong, where, and what is right', async () => {
  expect(await report()).toMatchObject({ code: 2, out: '' });
  const wrong = await report(DEVICE, '--from', 'yesterday');
  expect(wrong).toEqual({
    ...{ code: 2, out: '' },
    err: 'jvpn report: --from "yesterday" is no time; write 2026-11-29T14:00Z',
  });
  expect((await report(join(folder, 'none.jsonl'))).err).toContain('ENOENT');
  expect((await report(DEVICE, '--device', 'other')).err).toContain(
    'there is no event of device other in',
  );
  expect((await report(DEVICE, '--from', '2030-01-01T00:00Z')).code).toBe(2);
  expect((await report(DEVICE, '--html', join(folder, 'no', 'such.html'))).code).toBe(2);
  expect((await report('--help')).code).toBe(0);
});

test('more events than a call takes arguments', () => {
  const [record] = deviceRecords();
  const besides = Array.from({ length: 200_000 }, (_, wallMs) => ({ record: record!, wallMs }));
  const told = factsOf({ stories: [], besides }, { invariants: [], gaps: 0, unreadable: 0 });
  expect(told).toMatchObject({ events: 200_000, fromMs: 0, toMs: 199_999 });
});

const stamped = (line: string, tsMs: string) => line.replace(/"ts_ms":\d+/, `"ts_ms":${tsMs}`);

test('a time that is no date is none: the event counts, and is in no range', async () => {
  const lines = deviceRecords().map(lineOf);
  for (const tsMs of ['1e300', '1e999', '-8640000000000001', '"now"', 'null']) {
    const log = [...lines.slice(0, -1), stamped(lines.at(-1)!, tsMs), ''].join('\n');
    const told = await facts(written(log));
    expect(told).toMatchObject({ events: 14, toMs: 1_700_000_012_100 });
  }
  const latest = [...lines.slice(0, -1), stamped(lines.at(-1)!, '8640000000000000'), ''];
  expect((await report(written(latest.join('\n')))).out).toContain('+275760-09-13T00:00:00.000Z');
});

test('no event has a time: what was wrong, where, what is allowed and what to do', async () => {
  const log = written(
    deviceRecords()
      .map((row) => `${stamped(lineOf(row), '1e300')}\n`)
      .join(''),
  );
  expect(await report(log)).toEqual({
    ...{ code: 2, out: '' },
    err:
      `jvpn report: ${log}:1: ts_ms is no time, here and in every other event; it is a number of milliseconds since 1970, ` +
      'at most 8640000000000000 either way. Give the log as the daemon wrote it, or ask jvpn audit, which needs no times',
  });
});
