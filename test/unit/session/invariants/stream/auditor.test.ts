/**
 * Goal: a log that breaks an invariant is found out, by that invariant's check and by no other.
 * Method: two logs in which nothing is wrong; each row of the table breaks one thing.
 */
import { expect, test } from 'bun:test';
import { auditStreams } from '../../../../../session/invariants/stream/auditor.ts';
import type { AuditRecord } from '../../../../../session/invariants/stream/record.ts';
import { BOUNDS, deviceRecords, hubRecords, streamsOf } from './sampleStreams.ts';

function violated(device: AuditRecord[], hub: AuditRecord[]): string[] {
  return auditStreams(streamsOf(device, hub), BOUNDS).flatMap(({ violations }) =>
    violations.map(({ writer, seq, sentence }) => `${writer} ${seq} ${sentence}`),
  );
}

/** `records` with the one of number `seq` changed, and the others as they were. */
function changed(
  records: AuditRecord[],
  seq: number,
  change: (record: AuditRecord) => Partial<AuditRecord>,
): AuditRecord[] {
  expect(records.some((record) => record.seq === seq)).toBe(true);
  return records.map((record) => (record.seq === seq ? { ...record, ...change(record) } : record));
}

/** From `seq` on everything happens so much later. */
const delayed = (records: AuditRecord[], seq: number, byMs: number) =>
  records.map((record) => (record.seq < seq ? record : { ...record, atMs: record.atMs + byMs }));

test('logs in which nothing is wrong pass, and every invariant looked at something', () => {
  const verdicts = auditStreams(streamsOf(deviceRecords(), hubRecords()), BOUNDS);
  expect(verdicts.flatMap(({ violations }) => violations)).toEqual([]);
  expect(verdicts.map(({ id, checked }) => `${id} ${checked}`)).toEqual([
    'I1 9',
    'I2 21',
    'I3 9',
    'I4 42',
    'I5 4',
    'I6 4',
    'I7 4',
    'I8 42',
  ]);
});

test('I1: the hub commits what the device never claimed', () => {
  const hub = changed(hubRecords(), 3, () => ({ detail: { transportId: 3 } }));
  expect(violated(deviceRecords(), hub)).toEqual([
    'hub 3 I1: the hub committed transport 3 with version 4, which the device never claimed',
    'device 6 I1: the device moved to transport 2 with version 4, which no hub committed',
  ]);
});

test('I1: the device moves to another transport than it claimed, or without a commit', () => {
  const astray = changed(deviceRecords(), 6, ({ detail }) => ({
    detail: { ...detail, transportId: 3 },
  }));
  expect(violated(astray, hubRecords())).toEqual([
    'device 6 I1: the device moved to transport 3, its newest claim was transport 2 with version 4',
  ]);
  const uncommitted = hubRecords().slice(0, -1);
  expect(violated(deviceRecords(), uncommitted)).toEqual([
    'device 14 I1: the device moved to transport 1 with version 101, which no hub committed',
    'device 14 I1: in the end the hub holds transport 1 with version 7, the device transport 1 with version 101',
  ]);
});

test('I1: a commit whose answer is still under way at the end of the log is none', () => {
  const device = deviceRecords().filter(({ seq }) => seq <= 9);
  const hub = hubRecords().filter(({ seq }) => seq <= 6);
  expect(violated(device, hub)).toEqual([]);
  const unknowing = device.filter(({ seq }) => seq <= 8);
  expect(violated(unknowing, hub)).toEqual([
    'hub 5 I1: the hub committed transport 1 with version 7, which the device never claimed',
    'device 8 I1: in the end the hub holds transport 1 with version 7, the device transport 2 with version 4',
  ]);
});

const another = (named: string | null): AuditRecord => ({
  ...deviceRecords().at(-1)!,
  ...{ seq: 15, atMs: 13_000, event: 'notice', from: null, to: null, sessionId: 's2' },
  ...{ reasonCode: 'session_created', detail: { previousSessionId: named } },
});

test('I2: another session appears while the first lives, or does not name it', () => {
  expect(violated([...deviceRecords(), another('s1')], hubRecords())).toEqual([
    'device 15 I2: session s2 appeared while s1 had not ended',
  ]);
  const ended: AuditRecord = {
    ...deviceRecords().at(-1)!,
    ...{ seq: 15, event: 'transition', from: 'ATTACHED', to: 'TERMINATED', stateVersion: 103 },
    ...{ reasonCode: 'shutdown', detail: { trigger: 'operator_terminated' } },
  };
  const next = { ...another('s1'), seq: 16, stateVersion: 103 };
  expect(violated([...deviceRecords(), ended, next], hubRecords())).toEqual([]);
  const nameless = { ...another(null), seq: 16, stateVersion: 103 };
  expect(violated([...deviceRecords(), ended, nameless], hubRecords())).toEqual([
    'device 16 I2: session s2 follows s1, but names none',
  ]);
});

test('I3: a recovery takes its window and no more, ended or not', () => {
  const late = (byMs: number) => delayed(deviceRecords(), 6, byMs);
  expect(violated(late(30_900), hubRecords())).toEqual([]);
  expect(violated(late(31_000), hubRecords())).toEqual([
    'device 6 I3: RECOVERING for 31040 ms, its window is 30000',
  ]);
  const stuck = deviceRecords().filter(({ seq }) => seq <= 5);
  const told = { ...stuck[0]!, seq: 6, atMs: 40_000, sessionId: null, stateVersion: 4 };
  expect(violated([...stuck, told], hubRecords().slice(0, 2))).toEqual([
    'device 5 I3: RECOVERING for 35000 ms, its window is 30000',
  ]);
});

test('I3: the time without a transport adds up over recoveries that do not last', () => {
  const again = (seq: number, atMs: number, stateVersion: number): AuditRecord[] => {
    const [dead, claimed, back] = deviceRecords().slice(3, 6);
    return [
      { ...dead!, seq, atMs, stateVersion },
      { ...claimed!, seq: seq + 1, atMs, stateVersion: stateVersion + 1 },
      { ...back!, seq: seq + 2, atMs: atMs + 25_000, stateVersion: stateVersion + 2 },
    ];
  };
  const flapping = (pauseMs: number) => [
    ...deviceRecords().slice(0, 3),
    ...again(4, 5_000, 3),
    ...again(7, 30_000 + pauseMs, 6),
    ...again(10, 55_000 + 2 * pauseMs, 9),
  ];
  const own = (device: AuditRecord[]) => violated(device, []);
  expect(own(flapping(10_000))).toEqual([]);
  expect(own(flapping(9_000))).toEqual([
    'device 12 I3: 75000 ms without a transport, its TTL is 60000',
  ]);
});

test('I3: a session has an age that it does not outlive', () => {
  const old = { ...deviceRecords().at(-1)!, event: 'notice', from: null, to: null } as const;
  const end = (afterMs: number) => ({
    ...{ ...old, seq: 15, atMs: BOUNDS.ttlMs + afterMs, reasonCode: 'link_changed' },
  });
  // Its device was restarted: that may ask the hub for one window more, and a busy machine has a second.
  expect(violated([...deviceRecords(), end(31_000)], hubRecords())).toEqual([]);
  expect(violated([...deviceRecords(), end(31_001)], hubRecords())).toEqual([
    'device 15 I3: a session of 86431001 ms, its TTL is 86400000',
  ]);
});

test('I4: the device uses a version twice, or goes back over the kill', () => {
  const twice = changed(deviceRecords(), 5, () => ({ stateVersion: 3 }));
  const hub = changed(hubRecords(), 3, () => ({ stateVersion: 3 }));
  expect(violated(twice, hub)).toEqual(['device 5 I4: state_version 3 was used before']);

  const forgotten = changed(deviceRecords(), 12, () => ({ stateVersion: 7 }));
  expect(violated(forgotten, hubRecords())).toEqual([
    'device 12 I4: state_version went back from 8 to 7',
  ]);
});

test('I4: the hub commits what is not newer, or one of its clocks goes back', () => {
  const repeated = [...hubRecords(), { ...hubRecords().at(-1)!, seq: 8 }];
  expect(violated(deviceRecords(), repeated)).toEqual([
    'hub 8 I4: state_version 101 was used before',
  ]);
  const epoch = changed(hubRecords(), 7, () => ({ ownerEpoch: 0 }));
  expect(violated(deviceRecords(), epoch)).toEqual(['hub 7 I4: ownerEpoch went back from 1 to 0']);
  const hubSeq = changed(hubRecords(), 7, () => ({ hubSeq: 2 }));
  expect(violated(deviceRecords(), hubSeq)).toEqual(['hub 7 I4: hubSeq went back from 3 to 2']);
});

test('I4: a policy is followed by an older one', () => {
  const newer = changed(deviceRecords(), 5, () => ({ policyVersion: 2 }));
  expect(violated(newer.slice(0, 6), hubRecords().slice(0, 4))).toEqual([
    'device 6 I4: policy_version went back from 2 to 1',
  ]);
});

test('I4: a policy that was on trial and is rolled back is followed by the one before it', () => {
  const said = (reasonCode: string) => ({ reasonCode, policyVersion: 2, detail: { version: 2 } });
  const quiet = deviceRecords().slice(0, 6);
  const last = quiet.at(-1)!;
  const line = (seq: number, more: Partial<AuditRecord>): AuditRecord => {
    return { ...last, event: 'notice', from: null, to: null, seq, detail: {}, ...more };
  };
  const lines = (reasonCode: string) => [
    ...quiet,
    line(7, { ...said('policy_on_trial'), policyVersion: 1 }),
    line(8, said('policy_applied')),
    line(9, said(reasonCode)),
    line(10, { policyVersion: 1 }),
  ];
  expect(violated(lines('policy_rolled_back'), hubRecords().slice(0, 4))).toEqual([]);
  const back = ['device 10 I4: policy_version went back from 2 to 1'];
  expect(violated(lines('policy_refused'), hubRecords().slice(0, 4))).toEqual(back);
});

test('I5: an answer counts without a claim', () => {
  const unclaimed = deviceRecords()
    .filter(({ seq }) => seq !== 13)
    .map((record, at) => ({ ...record, seq: at + 1 }));
  const found = violated(unclaimed, []);
  expect(found).toEqual(['device 13 I5: an answer counted at version 102, and no claim was open']);
});

test('I6: two hubs act under one epoch', () => {
  const other = hubRecords()
    .slice(-1)
    .map((record) => ({ ...record, transport: 'eth0→hub-b' }));
  const streams = [...streamsOf([], hubRecords()), { writer: 'hub', records: other } as const];
  const faults = auditStreams(streams, BOUNDS).flatMap(({ violations }) => violations);
  expect(faults.map(({ sentence }) => sentence)).toEqual([
    "I6: owner_epoch 1 of key is hub-a's, and hub-b acts under it",
  ]);
});

test('I7: a failed link is planned for while its penalty runs', () => {
  const early = changed(deviceRecords(), 9, ({ detail }) => ({
    detail: { ...detail, purpose: 'planned' },
  }));
  expect(violated(early, hubRecords())).toEqual([
    'device 9 I7: failback goes back to a link 1000 ms before its penalty ends',
  ]);
});

test('I7: the cap passes, one switch more does not', () => {
  const [move] = deviceRecords().slice(6, 7);
  const more = (count: number) =>
    Array.from({ length: count }, (_, at) => ({
      ...{ ...move!, seq: 15 + at, atMs: 13_000 + at, stateVersion: 102 },
    }));
  expect(violated([...deviceRecords(), ...more(1)], hubRecords())).toEqual([]);
  expect(violated([...deviceRecords(), ...more(2)], hubRecords())).toEqual([
    'device 16 I7: 4 switches in 60 s from 5040, cap 3',
  ]);
});

/** As many switches as `versions`, each with its claim before it: the versions of both lines, a second apart. */
function switches(rows: AuditRecord[], versions: readonly (readonly [number, number])[]) {
  const claim = rows.find(({ event }) => event === 'claim')!;
  const move = rows.find(({ event }) => event === 'switch')!;
  return versions.flatMap(([claimed, moved], at) =>
    [claim, move].map((row, index) => ({
      ...{ ...row, atMs: 1_000 * at, seq: 1 + 2 * at + index, hubSeq: row.hubSeq + 2 * at },
      ...{ stateVersion: 1 + 2 * at + index, policyVersion: index === 0 ? claimed : moved },
    })),
  );
}

const CAPS = new Map([
  [1, 4],
  [2, 2],
]);
const switchFaults = (writer: 'device' | 'hub', rows: AuditRecord[]) =>
  auditStreams([{ writer, records: rows }], { ...BOUNDS, switchesMaxByVersion: CAPS }).find(
    ({ id }) => id === 'I7',
  )!;

test('I7: what a device claimed under one policy may be finished under the next, and that is all', () => {
  const begun = switches(deviceRecords(), [
    [1, 1],
    [1, 1],
    [1, 1],
    [1, 2],
  ]);
  const next = switches(deviceRecords(), [
    [1, 1],
    [1, 1],
    [1, 1],
    [2, 2],
  ]);
  expect(switchFaults('device', begun).violations).toEqual([]);
  expect(switchFaults('device', next).violations.map(({ sentence }) => sentence)).toEqual([
    'I7: 4 switches in 60 s from 0, cap 2',
  ]);
});

test('I7: a claim that came to nothing under one policy gives the next claim no other cap', () => {
  const rows = switches(deviceRecords(), [
    [1, 1],
    [1, 1],
    [1, 2],
    [2, 2],
  ]);
  // The third claim brings no switch.
  const { violations } = switchFaults(
    'device',
    rows.filter((_, at) => at !== 5),
  );
  expect(violations.map(({ sentence }) => sentence)).toEqual([
    'I7: 3 switches in 60 s from 0, cap 2',
  ]);
});

test('I7: the first switch that a hub writes under a policy may have begun under the one before', () => {
  const first = switches(hubRecords(), [
    [1, 1],
    [1, 1],
    [1, 1],
    [2, 2],
  ]);
  const second = switches(hubRecords(), [
    [1, 1],
    [1, 1],
    [2, 2],
    [2, 2],
  ]);
  expect(switchFaults('hub', first).violations).toEqual([]);
  expect(switchFaults('hub', second).violations.map(({ sentence }) => sentence)).toEqual([
    'I7: 4 switches in 60 s from 0, cap 2',
  ]);
});

test('I7: under a policy of which nothing is known a switch counts, is not judged, and that is said', () => {
  const { checked, violations, unjudgedVersions } = switchFaults(
    'device',
    switches(deviceRecords(), [
      [3, 3],
      [3, 3],
      [2, 2],
    ]),
  );
  expect([checked, unjudgedVersions]).toEqual([1, [3]]);
  expect(violations.map(({ sentence }) => sentence)).toEqual([
    'I7: 3 switches in 60 s from 0, cap 2',
  ]);
});

test('I7: a switch too many is told once, and a reboot of the clock begins a new minute', () => {
  const [move] = deviceRecords().slice(6, 7);
  const at = (...times: number[]) =>
    times.map((atMs, index) => ({
      ...{ ...move!, seq: 15 + index, atMs, stateVersion: 102 },
    }));
  const late = at(13_000, 13_001, 80_000, 80_001);
  expect(violated([...deviceRecords(), ...late], hubRecords())).toEqual([
    'device 16 I7: 4 switches in 60 s from 5040, cap 3',
  ]);
  const rebooted = at(13_000, 20, 30, 40);
  expect(violated([...deviceRecords(), ...rebooted], hubRecords())).toEqual([]);
});

test('a hub that restarts shows its state with its next transition, whatever that was', () => {
  const [first] = hubRecords();
  const more: AuditRecord[] = [
    { ...first!, reasonCode: 'hub_restarted', event: 'notice', from: null, to: null, detail: {} },
    { ...first!, reasonCode: 'hub_silence', from: 'ATTACHED', to: 'RECOVERING', detail: {} },
    { ...first!, reasonCode: 'hub_restarted', event: 'notice', from: null, to: null, detail: {} },
    { ...first!, reasonCode: 'hub_restarted', from: 'ATTACHED', to: 'RECOVERING', detail: {} },
  ];
  const numbered = more.map((record, index) => ({
    ...{ ...record, seq: 8 + index, stateVersion: 101, hubSeq: 4, atMs: 12_200 },
  }));
  expect(violated(deviceRecords(), [...hubRecords(), ...numbered])).toEqual([]);
  const unsaid = numbered
    .filter(({ seq }) => seq !== 10)
    .map((row, at) => ({ ...row, seq: 8 + at }));
  expect(violated(deviceRecords(), [...hubRecords(), ...unsaid])).toEqual([
    expect.stringMatching(/^hub 10 I8: ATTACHED .* RECOVERING, but .* last seen in RECOVERING$/),
  ]);
});

test('a device that lost its flash begins anew, and only it may', () => {
  const lost: AuditRecord[] = [
    {
      ...another(null),
      sessionId: null,
      reasonCode: 'flash_lost',
      event: 'alarm',
      stateVersion: 0,
    },
    { ...another(null), seq: 16, stateVersion: 0 },
  ];
  expect(violated([...deviceRecords(), ...lost], hubRecords())).toEqual([]);
  const unsaid = lost.slice(1).map((record) => ({ ...record, seq: 15 }));
  expect(violated([...deviceRecords(), ...unsaid], hubRecords())).toEqual([
    'device 15 I2: session s2 appeared while s1 had not ended',
    'device 15 I4: state_version went back from 102 to 0',
  ]);
});

test('I8: an event is missing, so its number is', () => {
  const lost = deviceRecords().filter(({ seq }) => seq !== 11);
  expect(violated(lost, hubRecords())).toEqual(['device 12 I8: seq 12 follows 10']);
});

test('I8: transitions that do not chain, a reason that nobody knows, a move that is none', () => {
  const jump = changed(deviceRecords(), 8, () => ({ from: 'DEGRADED', to: 'ATTACHED' }));
  expect(violated(jump, hubRecords())).toEqual([
    expect.stringMatching(/^device 8 I8: DEGRADED .* ATTACHED, but .* last seen in ATTACHED$/),
    expect.stringMatching(/^device 10 I8: VOLATILE .* ATTACHED, but .* last seen in ATTACHED$/),
  ]);
  const unknown = changed(hubRecords(), 3, () => ({ reasonCode: 'because' }));
  expect(violated(deviceRecords(), unknown)).toContain(
    'hub 3 I8: because is no reason that is known',
  );
  const hidden = changed(deviceRecords(), 7, () => ({ from: 'ATTACHED', to: 'ATTACHED' }));
  expect(violated(hidden, hubRecords())).toEqual([
    'device 7 I8: a move without a transition event',
  ]);
});
