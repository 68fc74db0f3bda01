/**
 * Goal: the log numbers every event once over restarts, stays within its bytes, and never hurts its caller.
 */
import { expect, test } from 'bun:test';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AuditOptions,
  type AuditRow,
  openAuditLog,
  RECENT_MAX,
} from '../../../../hal/linux/auditLog.ts';
import type { AuditEvent } from '../../../../session/audit.ts';

const EVENT: AuditEvent = {
  event: 'transition',
  atMs: 12.5,
  reasonCode: 'carrier_lost',
  device: 'key',
  sessionId: '00'.repeat(16),
  from: 'ATTACHED',
  to: 'RECOVERING',
  stateVersion: 7,
  hubSeq: 3,
  ownerEpoch: 2,
  transport: 'eth0→192.0.2.1:1',
  detail: { cause: 'cable' },
};

function workshop(more: Partial<AuditOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'jvpn-audit-'));
  const file = join(folder, 'audit.jsonl');
  let wallMs = 1_700_000_000_000;
  const options: AuditOptions = {
    file,
    bytesMax: 1_000_000,
    filesMax: 3,
    wallMs: () => wallMs,
    policyVersion: () => 5,
    ...more,
  };
  return {
    folder,
    file,
    options,
    wait: (ms: number) => {
      wallMs += ms;
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

const rowsOf = (file: string): AuditRow[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

test('a line has exactly the fields of the protocol', () => {
  using shop = workshop();
  const log = openAuditLog(shop.options);
  log.append(EVENT);
  log.close();
  expect(readFileSync(shop.file, 'utf8')).toBe(
    '{"ts_ms":1700000000000,"mono_ms":12.5,"seq":1,"event":"transition","device":"key",' +
      `"session_id":"${'00'.repeat(16)}","from":"ATTACHED","to":"RECOVERING","state_version":7,` +
      '"hub_seq":3,"owner_epoch":2,"reason_code":"carrier_lost","transport":"eth0→192.0.2.1:1",' +
      '"policy_version":5,"detail":{"cause":"cable"}}\n',
  );
  expect(statSync(shop.file).mode & 0o777).toBe(0o600);
});

test('numbers go on where the last process stopped, torn line or not', () => {
  using shop = workshop();
  const first = openAuditLog(shop.options);
  for (let round = 0; round < 3; round++) first.append(EVENT);
  appendFileSync(shop.file, '{"ts_ms":17000,"seq":4,"ev');
  const second = openAuditLog(shop.options);
  second.append(EVENT);
  second.close();
  const lines = readFileSync(shop.file, 'utf8').split('\n');
  expect(lines).toHaveLength(6);
  expect(JSON.parse(lines[4]!).seq).toBe(4);
});

test('numbers go on when the newest file was just rotated away', () => {
  using shop = workshop({ bytesMax: 400 });
  const first = openAuditLog(shop.options);
  for (let round = 0; round < 3; round++) first.append(EVENT);
  unlinkSync(shop.file);
  expect(openAuditLog(shop.options).append(EVENT).seq).toBe(3);
});

test('files stay within their bytes and their number, and lose only the oldest', () => {
  using shop = workshop({ bytesMax: 2_000 });
  const log = openAuditLog(shop.options);
  for (let round = 0; round < 200; round++) log.append(EVENT);
  expect(readdirSync(shop.folder).sort()).toEqual([
    'audit.jsonl',
    'audit.jsonl.1',
    'audit.jsonl.2',
    'audit.jsonl.3',
  ]);
  const rows = ['.3', '.2', '.1', ''].flatMap((suffix) => {
    expect(statSync(shop.file + suffix).size).toBeLessThanOrEqual(2_000);
    return rowsOf(shop.file + suffix);
  });
  const seqs = rows.map((row) => row.seq);
  expect(seqs.at(-1)).toBe(200);
  expect(seqs).toEqual(Array.from(seqs, (_, at) => 200 - seqs.length + 1 + at));
  expect(log.status()).toMatchObject({ seq: 200, written: 200, lost: 0, last_failure: null });
});

test('a missing folder costs lines, is counted, and the gap shows when it is back', () => {
  using shop = workshop({ file: '/nonexistent/audit.jsonl' });
  const log = openAuditLog(shop.options);
  for (let round = 0; round < 10; round++) log.append(EVENT);
  expect(log.status()).toMatchObject({ seq: 10, written: 0, lost: 10 });
  expect(log.status().last_failure).toContain('ENOENT');
  expect(log.recent(3).map((row) => row.seq)).toEqual([8, 9, 10]);
});

test('a full disk costs lines and nothing else; later lines are whole again', () => {
  using shop = workshop();
  symlinkSync('/dev/full', shop.file);
  const log = openAuditLog(shop.options);
  log.append(EVENT);
  log.append(EVENT);
  expect(log.status()).toMatchObject({ lost: 2 });
  expect(log.status().last_failure).toContain('ENOSPC');
  unlinkSync(shop.file);
  log.append(EVENT); // within the pause after a failure
  expect(existsSync(shop.file)).toBe(false);
  shop.wait(1_000);
  log.append(EVENT);
  expect(rowsOf(shop.file).map((row) => row.seq)).toEqual([4]);
  expect(log.status()).toMatchObject({ seq: 4, written: 1, lost: 3 });
});

test('a clock set back does not keep the log closed', () => {
  using shop = workshop({ file: '/nonexistent/audit.jsonl' });
  const log = openAuditLog({ ...shop.options });
  log.append(EVENT);
  shop.wait(-3_600_000);
  log.append(EVENT);
  shop.wait(1_000);
  log.append(EVENT);
  expect(log.status().lost).toBe(3);
});

test('memory keeps the newest 256', () => {
  using shop = workshop();
  const log = openAuditLog(shop.options);
  for (let round = 0; round < RECENT_MAX + 10; round++) log.append(EVENT);
  const kept = log.recent(1_000);
  expect(kept).toHaveLength(RECENT_MAX);
  expect([kept[0]?.seq, kept.at(-1)?.seq]).toEqual([11, RECENT_MAX + 10]);
});
