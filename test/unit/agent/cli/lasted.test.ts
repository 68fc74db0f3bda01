/**
 * Goal: how long a state and a recovery lasted is true also where the machine was off in between, and no correction of
 * the wall clock moves it.
 * Method: the story of one device, event by event, with uptime and wall clock.
 */
import { expect, test } from 'bun:test';
import { factsOf } from '../../../../agent/cli/report/facts.ts';
import type { AuditRecord } from '../../../../session/invariants/stream/record.ts';
import { deviceRecords } from '../../session/invariants/stream/sampleStreams.ts';

const DAY_MS = 86_400_000;

type Told = readonly [upMs: number, wallMs: number, change: Partial<AuditRecord>];

function told(events: readonly Told[]) {
  const [blank] = deviceRecords();
  const story = events.map(([atMs, wallMs, change]) => ({
    record: { ...blank!, reasonCode: 'link_changed', detail: {}, atMs, ...change },
    wallMs,
  }));
  const stories = [{ device: 'key', writer: 'device' as const, events: story }];
  const { recoveriesMs, inStateMs } = factsOf(
    { stories, besides: [] },
    { invariants: [], gaps: 0, unreadable: 0 },
  );
  return { recoveriesMs, inStateMs };
}

const moved = (from: AuditRecord['from'], to: AuditRecord['to'], reasonCode: string) =>
  ({ event: 'transition', from, to, reasonCode }) as const;
const ATTACHED = moved('BIRTH', 'ATTACHED', 'attach_accepted');
const LOST = moved('ATTACHED', 'RECOVERING', 'carrier_lost');
const RESUMED = moved('RECOVERING', 'ATTACHED', 'session_resumed');
const RESTARTED = { reasonCode: 'agent_restarted' };

test('a machine that was off for three days, and starts up to a later uptime than it had', () => {
  const events: readonly Told[] = [
    [10_000, 10_000, ATTACHED],
    [20_000, 3 * DAY_MS, RESTARTED],
    [20_100, 3 * DAY_MS + 100, RESUMED],
  ];
  expect(told(events)).toEqual({
    recoveriesMs: [100],
    inStateMs: { ATTACHED: 3 * DAY_MS - 10_000, RECOVERING: 100 },
  });
});

test('off in the middle of a recovery: what is no change of state is looked at, too', () => {
  for (const upMs of [5_000, 20_000]) {
    const events: readonly Told[] = [
      ...([
        [9_000, 9_000, ATTACHED],
        [10_000, 10_000, LOST],
      ] as const),
      [upMs, 3 * DAY_MS, RESTARTED],
      [upMs + 100, 3 * DAY_MS + 100, RESUMED],
    ];
    expect(told(events).recoveriesMs).toEqual([3 * DAY_MS - 10_000 + 100]);
  }
});

test('flash that was lost with it is said before the session that follows', () => {
  const events: readonly Told[] = [
    [10_000, 10_000, ATTACHED],
    [20_000, 3 * DAY_MS, { event: 'alarm', reasonCode: 'flash_lost' }],
    [20_000, 3 * DAY_MS, { reasonCode: 'session_created' }],
  ];
  expect(told(events).inStateMs).toEqual({ ATTACHED: 3 * DAY_MS - 10_000, BIRTH: 0 });
});

test('a wall clock that was set moves nothing: within a process, by a minute, or since before the boot', () => {
  const lasted = (upMs: number, wallMs: number, change: Partial<AuditRecord>) =>
    told([
      [10_000, 10_000, ATTACHED],
      [upMs, wallMs, change],
    ]).inStateMs.ATTACHED;
  expect(lasted(20_000, 3 * DAY_MS, LOST)).toBe(10_000);
  expect(lasted(20_000, 20_000 + 60_000, RESTARTED)).toBe(10_000);
  expect(lasted(20_000, 20_000 + 60_001, RESTARTED)).toBe(70_001);
  expect(lasted(20_000, -3 * DAY_MS, RESTARTED)).toBe(10_000);
  // Up for an hour, and set by two minutes: nobody started this machine two minutes ago.
  const late = told([
    [3_600_000, 0, ATTACHED],
    [3_605_000, 125_000, RESTARTED],
  ]);
  expect(late.inStateMs.ATTACHED).toBe(5_000);
});
