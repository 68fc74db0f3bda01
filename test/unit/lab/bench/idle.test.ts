/** Goal: what `scripts/bench idle` reads from the kernel and scales to a day is what the kernel said. */
import { describe, expect, test } from 'bun:test';
import { pageCosts } from '../../../lab/bench/coldPages.ts';
import { readIdleArguments } from '../../../lab/bench/idle/arguments.ts';
import {
  bytesPerDay,
  idleFigures,
  idleTable,
  obstaclesOf,
} from '../../../lab/bench/idle/figures.ts';
import { idleGoalsOf } from '../../../lab/bench/idle/goals.ts';
import { policyOf } from '../../../lab/bench/idle/idle.ts';
import {
  linkCountsOf,
  type ProcessCounts,
  ranSecondsOf,
  switchesOf,
} from '../../../lab/bench/idle/sample.ts';
import { WindowOf } from '../../../lab/bench/idle/window.ts';

const NET_DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
 wwan0:    1140      10    0    0    0     0          0         0     2280      20    0    0    0     0       0          0
wwan01:       7       7    0    0    0     0          0         0        7       7    0    0    0     0       0          0
`;

test('a link’s bytes are those of IP: without the Ethernet header of each packet', () => {
  expect(linkCountsOf(NET_DEV, 'wwan0')).toEqual({
    receivedBytes: 1_000,
    receivedPackets: 10,
    sentBytes: 2_000,
    sentPackets: 20,
  });
  expect(linkCountsOf(NET_DEV, 'eth0')).toBeNull();
});

test('a wake-up is a context switch of either kind', () => {
  const status = 'Name:\tWorker\nvoluntary_ctxt_switches:\t17\nnonvoluntary_ctxt_switches:\t4\n';
  expect(switchesOf(status)).toBe(21);
  expect(switchesOf('Name:\tWorker\n')).toBeNaN();
});

test('a thread’s time on a CPU is in nanoseconds, before the time it waited for one', () => {
  expect(ranSecondsOf('1500000000 700 31\n')).toBe(1.5);
});

test('bytes are scaled to a day, both ways', () => {
  const counts = { sentBytes: 400, receivedBytes: 600, sentPackets: 1, receivedPackets: 1 };
  expect(bytesPerDay(counts, 600)).toBe(144_000);
  expect(bytesPerDay(undefined, 600)).toBe(0);
});

const counts = (change: Partial<ProcessCounts>): ProcessCounts => ({
  switches: new Map(),
  ranSeconds: new Map(),
  threadNames: new Map(),
  cpuSeconds: 0,
  anonKib: 0,
  links: new Map(),
  ...change,
});

describe('a window', () => {
  test('counts threads that came and threads that went', () => {
    const names = (...tids: string[]) => new Map(tids.map((tid) => [tid, 'T']));
    const first = counts({
      switches: new Map([['1', 100]]),
      ranSeconds: new Map([['1', 7]]),
      threadNames: names('1'),
    });
    const window = new WindowOf(first, 0);
    window.add(
      counts({
        switches: new Map([
          ['1', 110],
          ['2', 5],
        ]),
        ranSeconds: new Map([
          ['1', 8],
          ['2', 0.5],
        ]),
        threadNames: names('1', '2'),
      }),
    );
    window.add(counts({ switches: new Map([['1', 120]]), threadNames: names('1') }));
    expect(window.end(2_000)).toMatchObject({ seconds: 2, switches: 25 });
    expect(window.end(2_000).switchesByThread).toEqual({ T: 25 });
    expect(window.end(2_000).cpuSecondsByThread).toEqual({ T: 1.5 });
  });

  test('takes the median of memory, and shows the most', () => {
    const window = new WindowOf(counts({ anonKib: 90 }), 0);
    for (const anonKib of [10, 20, 20, 30]) window.add(counts({ anonKib }));
    expect(window.end(1_000)).toMatchObject({ anonKib: 20, anonMaxKib: 90 });
  });
});

test('the figures of a profile are the worst of its cases, and a day is a day', () => {
  const moved = (bytes: number) => ({
    sentBytes: bytes,
    receivedBytes: 0,
    sentPackets: 1,
    receivedPackets: 1,
  });
  const window = (bytes: number, switches: number) => ({
    seconds: 86_400,
    switches,
    switchesByThread: {},
    cpuSecondsByThread: { T: 864 },
    cpuSeconds: switches / 100,
    anonKib: switches,
    anonMaxKib: switches,
    links: new Map([['wwan0', moved(bytes)]]),
  });
  const profiles = new Map([
    [
      'balanced' as const,
      new Map([
        ['standby4' as const, window(10, 86_400)],
        ['standby6' as const, window(20, 86_400)],
        ['active4' as const, window(40, 172_800)],
        ['active6' as const, window(30, 86_400)],
      ]),
    ],
  ]);
  const facts = { minutes: 1_440, settleSeconds: 45, isAwake: true, machine: {}, policyOf };
  const figures = idleFigures({ profiles, peer: window(5, 8_640) }, facts);
  expect(figures.publishable).toBe(true);
  expect(figures.profiles['balanced']).toMatchObject({
    standby_lte_bytes_per_day: 20,
    active_lte_bytes_per_day: 40,
    wakeups_per_s: 2,
    cpu_percent: 2,
    cpu_ms_per_wakeup: 10,
    anon_kib: 172_800,
  });
  expect(figures.peers).toEqual({
    wireguard_go: {
      ethernet_bytes_per_day: 0,
      wakeups_per_s: 0.1,
      cpu_percent: 0.1,
      cpu_ms_per_wakeup: 10,
      anon_kib: 8_640,
    },
  });
  expect(idleFigures({ profiles, peer: null }, facts).peers).toEqual({});
});

describe('goals', () => {
  const row = (change = {}) => ({
    standby_lte_bytes_per_day: 50_000,
    active_lte_bytes_per_day: 600_000,
    wakeups_per_s: 2,
    cpu_percent: 0.3,
    cpu_ms_per_wakeup: 1.5,
    anon_kib: 23_437,
    cases: {},
    ...change,
  });
  const missed = (profiles: Record<string, ReturnType<typeof row>>) =>
    idleGoalsOf({ profiles })
      .filter(({ isReached }) => !isReached)
      .map(({ name }) => name);

  test('a figure on its limit reaches it, above it does not, and no figure is none', () => {
    expect(missed({ 'metered-lte': row() })).toEqual([]);
    const above = row({
      standby_lte_bytes_per_day: 50_001,
      active_lte_bytes_per_day: 600_001,
      wakeups_per_s: 2.001,
      cpu_percent: 0.301,
      anon_kib: 23_438,
    });
    expect(missed({ 'metered-lte': above })).toEqual([
      'metered-lte.standby_lte_bytes_per_day',
      'metered-lte.active_lte_bytes_per_day',
      'metered-lte.wakeups_per_s',
      'metered-lte.cpu_percent',
      'metered-lte.anon_kib',
    ]);
    expect(missed({ vehicle: row({ cpu_percent: Number.NaN }) })).toEqual(['vehicle.cpu_percent']);
  });

  test('each profile is held to what binds it', () => {
    const more = row({ wakeups_per_s: 4, active_lte_bytes_per_day: 900_000 });
    const profiles = { balanced: more, 'low-power': more, vehicle: more };
    expect(missed(profiles)).toEqual(['low-power.wakeups_per_s']);
    expect(missed({ balanced: row({ wakeups_per_s: 4.001 }) })).toEqual(['balanced.wakeups_per_s']);
  });

  test('the table says of each whether it is reached', () => {
    const facts = { minutes: 10, settleSeconds: 45, isAwake: true, machine: {}, policyOf };
    const figures = {
      ...idleFigures({ profiles: new Map(), peer: null }, facts),
      profiles: { balanced: row({ wakeups_per_s: 4.25 }) },
    };
    const text = idleTable(figures, idleGoalsOf(figures));
    expect(text).toContain('NOT REACHED  balanced.wakeups_per_s 4.25 (goal 4)');
    expect(text).toContain('reached      balanced.cpu_percent 0.3 (goal 0.3)');
  });
});

test('fewer than ten minutes, and an earlier start, are not publishable', () => {
  const facts = { isAwake: true, machine: {}, policyOf };
  expect(obstaclesOf({ ...facts, minutes: 10, settleSeconds: 45 })).toEqual([]);
  expect(obstaclesOf({ ...facts, minutes: 9.9, settleSeconds: 45 })).toHaveLength(1);
  expect(obstaclesOf({ ...facts, minutes: 10, settleSeconds: 44 })).toHaveLength(1);
});

test('arguments: profiles by name in their order, and sentences for what is wrong', () => {
  const read = (...argv: string[]) => readIdleArguments(['--binary', 'jvpn', ...argv]);
  expect(read()).toMatchObject({ minutes: 10, settleSeconds: 45, json: null, isAwake: true });
  expect(read('--asleep').isAwake).toBeFalse();
  expect(read('--profile', 'low-power,balanced').profiles).toEqual(['balanced', 'low-power']);
  expect(() => read('--profile', 'fast')).toThrow('"fast" is not one of');
  expect(() => read('--minutes', '0')).toThrow('--minutes');
  expect(() => readIdleArguments([])).toThrow('--binary');
});

test('what it costs to come back to memory is measured, and positive', async () => {
  const { cold_page_ns: coldNs, warm_page_ns: warmNs } = await pageCosts({ aloneMs: 1, rounds: 3 });
  expect(coldNs).toBeGreaterThan(0);
  expect(warmNs).toBeGreaterThan(0);
});
