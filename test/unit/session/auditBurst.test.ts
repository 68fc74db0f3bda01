import { expect, test } from 'bun:test';
import type { AuditEvent } from '../../../session/audit.ts';
import { AuditBursts, BURST_WINDOW_MS, BURSTS_MAX } from '../../../session/auditBurst.ts';

const refusal = (atMs: number, source: string, device = 'd'): AuditEvent => ({
  event: 'refusal',
  atMs,
  reasonCode: 'stale_state_version',
  device,
  sessionId: null,
  from: null,
  to: null,
  stateVersion: 0,
  hubSeq: 0,
  ownerEpoch: 1,
  transport: null,
  detail: { source },
});

test('the first refusal passes, its repeats become one event with their count', () => {
  const bursts = new AuditBursts();
  expect(bursts.pass(refusal(0, 'a'))).toEqual(refusal(0, 'a'));
  for (let at = 1; at <= 500; at++) expect(bursts.pass(refusal(at, 'a'))).toBeNull();
  expect(bursts.nextDeadline).toBe(BURST_WINDOW_MS);
  expect(bursts.due(BURST_WINDOW_MS - 1)).toEqual([]);
  expect(bursts.due(BURST_WINDOW_MS)).toEqual([
    { ...refusal(500, 'a'), detail: { source: 'a', repeated: 500, window_ms: 1_000 } },
  ]);
  expect(bursts.nextDeadline).toBeNull();
  expect(bursts.pass(refusal(1_001, 'a'))).not.toBeNull();
});

test('another source, another device or another reason is another burst', () => {
  const bursts = new AuditBursts();
  const other = { ...refusal(0, 'a'), reasonCode: 'bad_proof' } as const;
  for (const event of [refusal(0, 'a'), refusal(0, 'b'), refusal(0, 'a', 'e'), other]) {
    expect(bursts.pass(event)).toEqual(event);
  }
  expect(bursts.due(BURST_WINDOW_MS)).toEqual([]);
});

test('what is no refusal is never counted together', () => {
  const bursts = new AuditBursts();
  const alarm = { ...refusal(0, 'a'), event: 'alarm' } as const;
  for (let round = 0; round < 10; round++) expect(bursts.pass(alarm)).toBe(alarm);
  expect(bursts.nextDeadline).toBeNull();
});

test('a flood from ever new sources stays bounded and is counted whole', () => {
  const bursts = new AuditBursts();
  let passed = 0;
  for (let at = 0; at < 10_000; at++) {
    if (bursts.pass(refusal(0, `source ${at}`)) !== null) passed += 1;
  }
  expect(passed).toBe(BURSTS_MAX + 1);
  const told = bursts.due(BURST_WINDOW_MS);
  expect(told).toHaveLength(1);
  expect(passed + Number(told[0]?.detail['repeated'])).toBe(10_000);
});
