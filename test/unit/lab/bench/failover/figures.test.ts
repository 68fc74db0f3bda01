/**
 * Goal: figures say what the rounds were, the worst of them and those that failed included.
 *
 * Method: planted rounds whose figures can be worked out by hand.
 */
import { expect, test } from 'bun:test';
import { CLASSES, RTTS_MS } from '../../../../lab/bench/failover/classes.ts';
import {
  byRtt,
  classFiguresOf,
  distributionOf,
  type FigureParts,
  failoverFiguresOf,
  hasMeasuredAll,
} from '../../../../lab/bench/failover/figures.ts';
import { goalsOf } from '../../../../lab/bench/failover/goals.ts';
import type { FinishedRound } from '../../../../lab/bench/failover/journal.ts';
import { plotOf } from '../../../../lab/bench/failover/plot.ts';
import type { RoundFigures, RoundPlan } from '../../../../lab/bench/failover/round.ts';
import { failoverTableOf } from '../../../../lab/bench/failover/table.ts';

const PLAN: RoundPlan = { contender: 'jvpn', name: 'silent', rttMs: 50, index: 0 };

function figures(changes: Partial<RoundFigures> = {}): RoundFigures {
  return {
    gapMs: 100,
    gapUpMs: 100,
    gapDownMs: 90,
    tcpStallMs: 200,
    lost: 0,
    duplicated: 0,
    sent: 1_000,
    pauseMs: 0,
    verdict: { reason: 'heartbeat_timeout', fault: null, switches: 1 },
    verdictMs: 80,
    overheadBytes: 1_500,
    overheadMs: 500,
    ...changes,
  };
}

function finished(
  changes: Partial<RoundFigures> | null = {},
  plan: Partial<RoundPlan> = {},
  leftEarly = 0,
): FinishedRound {
  const isFailed = changes === null;
  return {
    plan: { ...PLAN, ...plan },
    lanes: 1,
    costMs: 2_000,
    leftEarly,
    figures: isFailed ? null : figures(changes),
    error: isFailed ? 'waited in vain' : null,
  };
}

const parts = (rounds: readonly FinishedRound[]): FigureParts => ({
  machine: {
    cpu: 'a <fast> one',
    cores: 2,
    memory_mib: 4_096,
    kernel: '6.18',
    bun: '1.4.5',
    jvpn: 'jvpn 0.1.0',
    commit: 'abcdef012345',
    date: '2026-01-01T00:00:00.000Z',
    load_before: 0.1,
  },
  policy: '',
  rounds: 2,
  peerRounds: 1,
  lanes: { wanted: 1, used: 1, comparison: null },
  obstacles: ['a quick look'],
  finished: rounds,
  absent: {},
  minutes: 1.5,
});

test('a distribution has its quarters and its ends, by nearest rank', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  const { gap_ms: all, ...rest } = distributionOf('gap_ms', values);
  expect(rest).toEqual({
    gap_ms_min: 1,
    gap_ms_p25: 25,
    gap_ms_p50: 50,
    gap_ms_p75: 75,
    gap_ms_p95: 95,
    gap_ms_p99: 99,
    gap_ms_max: 100,
  });
  expect(all).toEqual([...values].reverse());
});

test('of thirty rounds the worst one is p99', () => {
  const values = [...new Array<number>(29).fill(10), 4_000];
  const { gap_ms_p95, gap_ms_p99 } = distributionOf('gap_ms', values);
  expect([gap_ms_p95, gap_ms_p99]).toEqual([10, 4_000]);
});

test('losses are those of all rounds, and no round that failed hides among those that did not', () => {
  const row = classFiguresOf('jvpn', [
    finished({ lost: 3, duplicated: 1 }, {}, 1),
    finished({ lost: 40, gapMs: 300, pauseMs: 12.5 }, {}, 1),
    finished(null, {}, 1),
    finished(null, {}, 1),
  ]);
  expect(row).toMatchObject({
    rounds: 2,
    failed: 2,
    failures: ['waited in vain'],
    left_early: 4,
    lost: 43,
    lost_max: 40,
    duplicated: 1,
    sent: 2_000,
    gap_ms: [100, 300],
    gap_ms_max: 300,
    overhead_bytes_p50: 1_500,
    overhead_bytes_per_s: 3_000,
    pause_ms_max: 12.5,
  });
});

test('every verdict is counted by its reason, every wrong one by what is wrong with it', () => {
  const fault = 'one_way_out instead of heartbeat_timeout';
  const wrong = { verdict: { reason: 'one_way_out', fault, switches: 2 } };
  const row = classFiguresOf('jvpn', [finished(), finished(wrong), finished(wrong)]);
  expect(row).toMatchObject({
    verdicts: { heartbeat_timeout: 1, one_way_out: 2 },
    wrong_verdicts: 2,
    faults: { [fault]: 2 },
    switches_max: 2,
  });
});

test('a link that is left before anything is done to it is a wrong verdict, of rounds without figures too', () => {
  const leftFault = 'the link was left before anything was done to it';
  const fault = 'one_way_out instead of heartbeat_timeout';
  const wrong = { verdict: { reason: 'one_way_out', fault, switches: 2 } };
  expect(classFiguresOf('jvpn', [finished({}, {}, 2), finished(wrong)])).toMatchObject({
    rounds: 2,
    left_early: 2,
    wrong_verdicts: 3,
    faults: { [leftFault]: 2, [fault]: 1 },
  });
  expect(classFiguresOf('jvpn', [finished(null, {}, 5)])).toMatchObject({
    failed: 1,
    verdicts: null,
    wrong_verdicts: 5,
    faults: { [leftFault]: 5 },
    switches_max: null,
  });
  const peer = classFiguresOf('mptcp', [finished({ verdict: null }, {}, 1)]);
  expect([peer.left_early, peer.wrong_verdicts]).toEqual([1, null]);
});

test('a peer has no verdicts, and MPTCP neither UDP nor overhead of its own', () => {
  const mute = { gapMs: null, gapUpMs: null, gapDownMs: null, verdict: null, verdictMs: null };
  const row = classFiguresOf('mptcp', [finished(mute)]);
  expect(row.gap_ms_p50).toBeUndefined();
  expect(row.tcp_stall_ms_p50).toBe(200);
  expect([row.verdicts, row.wrong_verdicts, row.overhead_bytes_p50]).toEqual([null, null, null]);
});

test('figures lie under the round trip, the class and the contender that they are of', () => {
  const rounds = [
    finished({ gapMs: 1 }),
    finished({ gapMs: 2 }, { rttMs: 200 }),
    finished({ gapMs: 3 }, { name: 'carrier' }),
    finished({ gapMs: 4 }, { contender: 'wireguard_go' }),
    finished({ gapMs: 5, tcpStallMs: 55 }, { contender: 'mptcp' }),
    finished({ gapMs: 6 }, { contender: 'control', name: 'carrier' }),
    finished({ gapMs: 7 }, { contender: 'bare', name: 'carrier' }),
  ];
  const all = failoverFiguresOf(parts(rounds));
  expect(all.rtt_50?.silent?.gap_ms_p50).toBe(1);
  expect(all.rtt_200?.silent?.gap_ms_p50).toBe(2);
  expect(all.rtt_50?.carrier?.gap_ms).toEqual([3]);
  expect(all.peers.wireguard_go.rtt_50?.silent?.gap_ms_p50).toBe(4);
  expect(all.peers.mptcp.rtt_50?.silent?.tcp_stall_ms_p50).toBe(55);
  expect(all.control.jvpn.rtt_50?.gap_ms_p50).toBe(6);
  expect(all.control.no_tunnel.rtt_50?.gap_ms_p50).toBe(7);
  expect(all.rtt_10).toBeUndefined();
  expect(byRtt('jvpn', [])).toEqual({});

  const asked = { only: ['silent'], rttsMs: [50, 200] } as const;
  expect(hasMeasuredAll(all, asked)).toBe(true);
  expect(hasMeasuredAll(all, { ...asked, rttsMs: [10, 50] })).toBe(false);
  const failed = failoverFiguresOf(parts([finished(null)]));
  expect(hasMeasuredAll(failed, { only: ['silent'], rttsMs: [50] })).toBe(false);
});

test('where only the transfer runs nothing is said of datagrams', () => {
  const none = { gapMs: null, gapUpMs: null, gapDownMs: null };
  const rounds = [finished({ ...none, sent: 0 }, { contender: 'mptcp' })];
  expect(classFiguresOf('mptcp', rounds)).toMatchObject({
    ...{ rounds: 1, sent: null, lost: null, lost_max: null, duplicated: null },
    tcp_stall_ms_p50: 200,
  });
});

test('goals are those of what was measured, and a figure on the limit reaches it', () => {
  const of = (gapMs: number, more: Partial<RoundFigures> = {}) =>
    Object.fromEntries(
      goalsOf(failoverFiguresOf(parts([finished({ gapMs, ...more })]))).map((goal) => [
        goal.name,
        goal.isReached,
      ]),
    );
  expect(of(200)).toEqual({
    'rtt_50.silent.gap_ms_p50': true,
    'rtt_50.silent.gap_ms_p99': true,
    'rtt_50.silent.lost': true,
    'rtt_50.silent.wrong_verdicts': true,
  });
  expect(of(201)).toMatchObject({ 'rtt_50.silent.gap_ms_p50': false });
  expect(of(351, { lost: 1 })).toMatchObject({
    'rtt_50.silent.gap_ms_p99': false,
    'rtt_50.silent.lost': false,
  });
  const mptcp = finished({ tcpStallMs: 150 }, { contender: 'mptcp' });
  const beside = goalsOf(failoverFiguresOf(parts([finished({ gapMs: 160 }), mptcp])));
  expect(beside.find(({ name }) => name.endsWith('beside MPTCP'))).toMatchObject({
    limit: 150,
    value: 160,
    isReached: false,
  });
  const steady = finished({ gapMs: 8 }, { contender: 'control', name: 'carrier' });
  const back = (gapMs: number) =>
    goalsOf(failoverFiguresOf(parts([finished({ gapMs }, { name: 'failback' }), steady]))).find(
      ({ name }) => name === 'rtt_50.failback.gap_ms_p50 beside no cut',
    );
  expect(back(8)).toMatchObject({ limit: 8, value: 8, isReached: true });
  expect(back(9)).toMatchObject({ isReached: false });
  const carrier = goalsOf(failoverFiguresOf(parts([finished({ gapMs: 81 }, { name: 'carrier' })])));
  expect(carrier[0]).toMatchObject({
    name: 'rtt_50.carrier.gap_ms_p99',
    limit: 80,
    isReached: false,
  });
});

test('a whole run takes an hour at most, and a shorter one is no measure of that', () => {
  const plans = RTTS_MS.flatMap((rttMs) =>
    CLASSES.flatMap((name) =>
      Array.from({ length: 30 }, (_, index) => finished({}, { name, rttMs, index })),
    ),
  );
  const minutesOf = (rounds: readonly FinishedRound[], minutes: number, peerRounds = 10) =>
    goalsOf(failoverFiguresOf({ ...parts(rounds), minutes, peerRounds })).filter(
      ({ name }) => name === 'minutes',
    );
  expect(minutesOf(plans, 60)).toEqual([
    { name: 'minutes', limit: 60, value: 60, isReached: true },
  ]);
  expect(minutesOf(plans, 60.1)).toMatchObject([{ value: 60.1, isReached: false }]);
  // A round that failed has taken its time.
  const last = finished(null, plans.at(-1)!.plan);
  expect(minutesOf([...plans.slice(0, -1), last], 61)).toMatchObject([{ isReached: false }]);
  expect(minutesOf(plans.slice(0, -1), 61)).toEqual([]);
  expect(minutesOf(plans, 61, 0)).toEqual([]);
});

test('the table names what is wrong', () => {
  const fault = 'one_way_out instead of heartbeat_timeout';
  const wrong = finished({ verdict: { reason: 'one_way_out', fault, switches: 1 } });
  const all = failoverFiguresOf(parts([finished({}, {}, 3), wrong, finished(null)]));
  const text = failoverTableOf(all, goalsOf(all)).join('\n');
  for (const line of [
    'wrong verdict, silent at 50 ms, 1 times: one_way_out instead of heartbeat_timeout',
    'failed, silent at 50 ms: waited in vain',
    'wrong verdict, silent at 50 ms, 3 times: the link was left before anything was done to it',
    'NOT REACHED  rtt_50.silent.wrong_verdicts 4 (goal 0)',
    'NOT PUBLISHABLE: a quick look',
    '2 (1 failed)',
  ]) {
    expect(text).toContain(line);
  }
});

test('the plot has a dot for every round of everybody, the same ones every time, and is well formed', async () => {
  const rounds = [
    finished({ gapMs: 120 }),
    finished({ gapMs: 0.2, tcpStallMs: 90_000 }),
    finished({ gapMs: 130 }, { contender: 'wireguard_go' }),
    finished({ gapMs: null, tcpStallMs: 400 }, { contender: 'mptcp' }),
  ];
  const svg = plotOf(failoverFiguresOf(parts(rounds)));
  // Three UDP rounds and four transfers, and the three dots of the legend.
  expect(svg.match(/<circle /g)?.length).toBe(3 + 4 + 3);
  expect(svg.match(/stroke-width="2.5"/g)?.length).toBe(2 + 3);
  expect(svg).toBe(plotOf(failoverFiguresOf(parts(rounds))));
  expect(svg).toContain('a &lt;fast&gt; one');
  for (const x of svg.matchAll(/<circle cx="([\d.]+)"/g)) expect(Number(x[1])).toBeLessThan(1_200);
  const tags: string[] = [];
  const rewriter = new HTMLRewriter().on('*', {
    element: ({ tagName }) => void tags.push(tagName),
  });
  await rewriter.transform(new Response(svg)).text();
  expect(tags.filter((tag) => tag === 'svg')).toHaveLength(1);
});
