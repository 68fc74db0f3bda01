/**
 * Goal: `scripts/power-cuts` says so when a promise was broken, and when a run shows nothing.
 */
import { expect, test } from 'bun:test';
import {
  brokenFlash,
  type FlashFound,
  NO_FLASH_PROMISE,
  promised,
} from '../../../lab/power/flashCheck.ts';
import {
  brokenHub,
  committed,
  type HubFound,
  NO_HUB_PROMISE,
} from '../../../lab/power/hubCheck.ts';
import { keyOf, recordOf } from '../../../lab/power/hubState.ts';
import type { FlashMark, HubMark } from '../../../lab/power/mark.ts';
import { faultsOf, figuresOf, tableOf } from '../../../lab/power/report.ts';
import type { TrialFigures } from '../../../lab/power/trial.ts';

const flashMarks: readonly FlashMark[] = [
  { kind: 'began', serial: 1 },
  { kind: 'saved', serial: 1, ceiling: 1_024, session: 1 },
  { kind: 'used', version: 700 },
  { kind: 'reserved', untilMs: 5_000 },
  { kind: 'policy', version: 2 },
  { kind: 'began', serial: 2 },
];
const promise = flashMarks.reduce(promised, NO_FLASH_PROMISE);
const kept: FlashFound = {
  ...{ recovery: 'intact', ceiling: 1_024, serial: 1, session: 1, policy: 2, fromMs: 6_000 },
};

test('a device that kept everything is well, and so is one that kept what was not yet acknowledged', () => {
  expect(brokenFlash(promise, kept)).toEqual([]);
  expect(brokenFlash(promise, { ...kept, serial: 2, recovery: 'oneSlotLost' })).toEqual([]);
  expect(promise.saves).toBe(3);
});

// biome-ignore format: this is a table
const broken: readonly [Partial<FlashFound>, string[]][] = [
  [{ ceiling: 1_023 },          ['ceiling 1023, promised 1024']],
  [{ ceiling: 699 },            ['ceiling 699, promised 1024', 'next version 700, promised 701']],
  [{ serial: 0 },               ['secret of save 0, promised 1']],
  [{ session: 0 },              ['session 0, promised 1']],
  [{ policy: 1 },               ['policy version 1, promised 2']],
  [{ fromMs: 5_000 },           ['handshake time 5000, promised 5001']],
  [{ fromMs: null },            ['no handshake time can be reserved']],
  [{ serial: 3 },               ['save 3 was never asked for']],
  [{ recovery: 'bothSlotsLost' }, ['bothSlotsLost after 3 acknowledged saves']],
];
for (const [change, sentences] of broken) {
  test(`a device with ${JSON.stringify(change)} is not`, () => {
    expect(brokenFlash(promise, { ...kept, ...change })).toEqual(sentences);
  });
}

test('a hub is judged record by record', () => {
  const marks: readonly HubMark[] = [
    { kind: 'enrolled', device: 0 },
    { kind: 'began', device: 0, revision: 3 },
    { kind: 'committed', device: 0, revision: 3 },
    { kind: 'highWater', atMs: 1_000 },
    { kind: 'began', device: 0, revision: 4 },
  ];
  const asked = marks.reduce(committed, NO_HUB_PROMISE);
  expect(asked.commits).toBe(3);
  const found = (revision: number): HubFound => ({
    ...{ enrolled: 1, highWaterMs: 1_000, integrity: 'ok' },
    records: new Map([[keyOf(0), recordOf(0, revision)]]),
  });
  expect([3, 4].flatMap((revision) => brokenHub(asked, found(revision)))).toEqual([]);
  expect(brokenHub(asked, found(2))).toEqual(['gateway-0 revision 2, committed 3']);
  expect(brokenHub(asked, found(5))).toEqual(['gateway-0 revision 5 was never asked for']);
  const behind = { ...recordOf(0, 3), ownerEpoch: 0 };
  expect(brokenHub(asked, { ...found(3), records: new Map([[keyOf(0), behind]]) })).toEqual([
    'gateway-0 revision 3 is not what was written',
  ]);
  expect(
    brokenHub(asked, { ...found(3), enrolled: 0, highWaterMs: 0, integrity: 'page 2' }),
  ).toEqual(['integrity: page 2', '0 devices, 1 were enrolled', 'hub time 0, was 1000']);
});

const figures = (name: string, lost: number, more: Partial<TrialFigures> = {}): TrialFigures => ({
  ...{ name, writes: 9, flushes: 5, acknowledged: 4, copies: 10, replayed: 8, open: 6, lost },
  losses: lost === 0 ? [] : ['cut after 3 of 9, order: secret of save 0, promised 1'],
  ...more,
});
const trials = [
  { name: 'device', isControl: false },
  { name: 'device, no fsync', isControl: true },
];

test('a run is a proof if nothing got lost but in the control', () => {
  const all = [figures('device', 0), figures('device, no fsync', 7)];
  expect(faultsOf(trials, all)).toEqual([]);
  expect(tableOf(trials, all).slice(1, 3)).toEqual([
    'device                 9        5             4      10         8     6  0 (must be 0)',
    'device, no fsync       9        5             4      10         8     6  7 (control: must lose)',
  ]);
  expect(figuresOf(trials, all, 1, 2)).toMatchObject({
    ...{ copies: 10, lost: 0, control_copies: 10, control_lost: 7 },
  });
});

test('and it is none otherwise', () => {
  const control = figures('device, no fsync', 7);
  expect(faultsOf(trials, [figures('device', 1), control])).toHaveLength(1);
  expect(faultsOf(trials, [figures('device', 0), figures('device, no fsync', 0)])).toHaveLength(1);
  expect(faultsOf(trials, [figures('device', 0, { open: 0 }), control])).toHaveLength(1);
  expect(faultsOf(trials, [figures('device', 0, { acknowledged: 0 }), control])).toHaveLength(1);
  expect(faultsOf(trials, [control])).toEqual(['device: was not run']);
});
