import { expect, test } from 'bun:test';
import type { AuditRecord } from '../../../../session/invariants/stream/record.ts';
import {
  type DamagedCut,
  faultsOf,
  figuresOf,
  type Measured,
  summaryOf,
} from '../../../lab/demo/summary.ts';

const CUT: DamagedCut = {
  ...{ name: 'carrier_lost', reasonCode: 'carrier_lost', from: 'eth0', to: 'wlan0' },
  ...{ stateVersion: 5, fromAtMs: 0, toAtMs: 1_000, gapMs: 66.4, lost: 2, duplicated: 1 },
  gaps: { uplink: 41.8, downlink: 66.4 },
};
const HEALTH = { state: 'ATTACHED', state_version: 5, session_id: 'a1', binding: 'wlan0→hub' };

const RECORD: AuditRecord = {
  ...{ seq: 7, atMs: 0, event: 'notice', reasonCode: 'link_changed', device: 'key' },
  ...{ sessionId: 'a1', from: null, to: null, transport: null, detail: {} },
  ...{ stateVersion: 1, hubSeq: 0, ownerEpoch: 1, policyVersion: 1 },
};

const GOOD: Measured = {
  cuts: [CUT, { ...CUT, name: 'silence', gapMs: 300 }],
  tcp: { bytes: 8_000_000, intact: true, connections: 1, longestStallMs: 900 },
  udp: {
    uplink: { sent: 500, lost: 3, duplicated: 1 },
    downlink: { sent: 400, lost: 1, duplicated: 0 },
  },
  session: { ids: ['a1'], stateVersion: 5 },
  verdicts: [
    { id: 'I1', name: 'single-binding', checked: 13, unjudgedVersions: [], violations: [] },
    { id: 'I4', name: 'no-rollback', checked: 100, unjudgedVersions: [], violations: [] },
  ],
  mqtt: { messages: 6, lastHealth: HEALTH },
};

test('the figures have the fields that were agreed on, and sum both directions', () => {
  expect(figuresOf({ ...GOOD, cuts: [CUT] })).toEqual({
    cuts: [
      {
        ...{ name: 'carrier_lost', gap_ms: 66, lost: 2, duplicated: 1 },
        ...{ reason_code: 'carrier_lost', from: 'eth0', to: 'wlan0' },
      },
    ],
    tcp: { bytes: 8_000_000, intact: true, connections: 1 },
    udp: { sent: 900, lost: 4, duplicated: 1 },
    session: { ids: ['a1'], state_version: 5 },
    invariants: { checked: 113, violated: 0 },
    mqtt: { messages: 6, last_health: HEALTH },
  });
});

test('a good run has no fault', () => {
  expect(faultsOf(GOOD)).toEqual([]);
});

test('a gap at its limit passes, one millisecond more does not', () => {
  const gaps = (carrierMs: number, silenceMs: number) =>
    faultsOf({
      ...GOOD,
      cuts: [
        { ...CUT, gapMs: carrierMs },
        { ...CUT, name: 'silence', gapMs: silenceMs },
        { ...CUT, name: 'agent_killed', gapMs: 5_000 },
      ],
    });
  expect(gaps(250, 1_500)).toEqual([]);
  expect(gaps(251, 1_500)).toEqual(['carrier_lost: a gap of 251 ms, the limit is 250']);
  expect(gaps(250, 1_501)).toEqual(['silence: a gap of 1501 ms, the limit is 1500']);
});

test('everything that broke is a fault of its own', () => {
  const violation = {
    sentence: 'I4: it went back',
    writer: 'hub',
    seq: 7,
    record: RECORD,
  } as const;
  const bad: Measured = {
    ...GOOD,
    tcp: { ...GOOD.tcp, intact: false, connections: 2 },
    session: { ids: ['a1', 'b2'], stateVersion: 5 },
    verdicts: [
      { id: 'I1', name: 'single-binding', checked: 0, unjudgedVersions: [], violations: [] },
      { id: 'I4', name: 'no-rollback', checked: 9, unjudgedVersions: [], violations: [violation] },
    ],
    mqtt: { messages: 0, lastHealth: null },
  };
  expect(faultsOf(bad)).toEqual([
    'the TCP transfer did not arrive as it was sent',
    'the TCP transfer took 2 connections',
    '2 sessions instead of one',
    'no health report arrived over MQTT',
    'I1 was not checked: the logs hold nothing to check it by',
    'I4: it went back (hub log, 7)',
  ]);
  expect(figuresOf(bad).invariants).toEqual({ checked: 9, violated: 1 });
  expect(summaryOf(bad).join('\n')).toContain('I4 VIOLATED 1×');
});

test('the summary is a table that a person reads', () => {
  expect(summaryOf({ ...GOOD, cuts: [CUT] }).join('\n')).toMatchInlineSnapshot(`
    "cut           reason_code   from → to     state_version  gap ms  up  down  lost  dup
    carrier_lost  carrier_lost  eth0 → wlan0              5      66  42    66     2    1

    TCP         8.0 MB over 1 connection, SHA-256 the same at both ends, longest stall 900 ms
    UDP         uplink 500 sent, 3 lost, 1 duplicated; downlink 400 sent, 1 lost, 0 duplicated
    session     a1 throughout, state_version 5
    MQTT        6 messages; last health: ATTACHED on wlan0→hub, version 5
    invariants  I1 ok (13), I4 ok (100)"
  `);
});
