import { expect, test } from 'bun:test';
import type { AuditEvent } from '../../../session/audit.ts';
import { AuditBursts, BURST_WINDOW_MS } from '../../../session/auditBurst.ts';
import { EventCounts } from '../../../session/eventCounts.ts';
import { REASONS } from '../../../session/reasons.ts';

const EVENT: AuditEvent = {
  event: 'refusal',
  atMs: 0,
  reasonCode: 'stale_state_version',
  device: 'd',
  sessionId: null,
  from: null,
  to: null,
  stateVersion: 0,
  hubSeq: 0,
  ownerEpoch: 1,
  transport: null,
  detail: { source: 'a' },
};

test('every code is there from the start, and each event counts once', () => {
  const counts = new EventCounts();
  expect(Object.keys(counts.snapshot())).toEqual(Object.keys(REASONS));
  expect(new Set(Object.values(counts.snapshot()))).toEqual(new Set([0]));
  counts.note(EVENT);
  counts.note({ ...EVENT, event: 'alarm', reasonCode: 'identity_conflict' });
  const { stale_state_version, identity_conflict, ...others } = counts.snapshot();
  expect([stale_state_version, identity_conflict]).toEqual([1, 1]);
  expect(new Set(Object.values(others))).toEqual(new Set([0]));
});

test('a burst counts as the refusals that it stands for', () => {
  const counts = new EventCounts();
  const bursts = new AuditBursts();
  for (let at = 0; at < 500; at++) {
    const passed = bursts.pass({ ...EVENT, atMs: at });
    if (passed !== null) counts.note(passed);
  }
  for (const event of bursts.due(BURST_WINDOW_MS)) counts.note(event);
  expect(counts.snapshot().stale_state_version).toBe(500);
});

test('a claim repeats the reason of the transition before it, and is not counted', () => {
  const counts = new EventCounts();
  counts.note({ ...EVENT, event: 'claim', reasonCode: 'carrier_lost' });
  expect(counts.snapshot().carrier_lost).toBe(0);
});

test('a switch that was denied counts under the rule; the move that follows from it does not count it again', () => {
  const counts = new EventCounts();
  const denied = { ...EVENT, event: 'notice', reasonCode: 'switch_denied' } as const;
  counts.noteDenial({ ...denied, detail: { wanted: 'failback', denied: 'cooldown_active' } });
  counts.noteDenial({ ...denied, event: 'transition', detail: { denied: 'cooldown_active' } });
  counts.noteDenial({ ...denied, detail: { wanted: 'operator_rebind', why: 'no_binding' } });
  counts.noteDenial(EVENT);
  const { cooldown_active, ...others } = counts.snapshot();
  expect(cooldown_active).toBe(1);
  expect(new Set(Object.values(others))).toEqual(new Set([0]));
});
