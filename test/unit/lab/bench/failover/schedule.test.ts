/**
 * Goal: a run has every round that was asked for, in an order that is fair, goes on where it ended, and takes two lanes
 * only where those give the same figures.
 */
import { afterAll, expect, test } from 'bun:test';
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { folderForTests } from '../../../../folder.ts';
import {
  failoverObstaclesOf,
  readFailoverArguments,
} from '../../../../lab/bench/failover/arguments.ts';
import { CLASSES } from '../../../../lab/bench/failover/classes.ts';
import { type FinishedRound, Journal } from '../../../../lab/bench/failover/journal.ts';
import { compareLanes, rankSumZ, shiftOf } from '../../../../lab/bench/failover/lanes.ts';
import type { RoundPlan } from '../../../../lab/bench/failover/round.ts';
import {
  batchesOf,
  Estimate,
  earlierMsOf,
  isAlone,
  keyOf,
  kindOf,
  scheduleOf,
} from '../../../../lab/bench/failover/schedule.ts';

const folder = folderForTests('jvpn-journal-');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const given = (...argv: string[]) => readFailoverArguments(['--binary', 'jvpn', ...argv]);

test('the defaults: every class at every round trip, thirty rounds, peers and controls ten', () => {
  const plans = scheduleOf(given());
  const counts = new Map<string, number>();
  for (const plan of plans) counts.set(kindOf(plan), (counts.get(kindOf(plan)) ?? 0) + 1);
  for (const rttMs of [10, 50, 200]) {
    for (const name of CLASSES) expect(counts.get(`jvpn/${name}/${rttMs}`)).toBe(30);
    for (const peer of ['mptcp', 'wireguard_go']) {
      for (const name of ['carrier', 'silent', 'one-way-out', 'one-way-in', 'failback']) {
        expect(counts.get(`${peer}/${name}/${rttMs}`)).toBe(10);
      }
    }
    expect(counts.get(`control/carrier/${rttMs}`)).toBe(10);
    expect(counts.get(`bare/carrier/${rttMs}`)).toBe(10);
  }
  expect(plans).toHaveLength(3 * (12 * 30 + 2 * 5 * 10 + 2 * 10));
  expect(new Set(plans.map(keyOf)).size).toBe(plans.length);
});

test('the first rounds of all come before the second of any', () => {
  const indexes = scheduleOf(given('--rounds', '3')).map(({ index }) => index);
  expect(indexes).toEqual([...indexes].sort((a, b) => a - b));
});

test('--only, --rtt, --rounds and --no-peers select', () => {
  const plans = scheduleOf(
    given('--only', 'flap,silent', '--rtt', '50', '--rounds', '2', '--no-peers'),
  );
  const kinds = new Set(plans.map(kindOf));
  expect([...kinds].sort()).toEqual([
    'bare/carrier/50',
    'control/carrier/50',
    'jvpn/flap/50',
    'jvpn/silent/50',
  ]);
  expect(plans).toHaveLength(8);
});

test('wrong arguments are named', () => {
  for (const [argv, sentence] of [
    [['--only', 'silence'], 'no class "silence"; there are carrier, silent'],
    [['--rtt', '20'], 'no round trip "20"; there are 10, 50, 200'],
    [['--rounds', '0'], '--rounds is 0: not a whole number from 1 to 1000'],
    [['--rounds', 'many'], '--rounds is many'],
    [['--lanes', '3'], '--lanes is 3: not a whole number from 1 to 2'],
    [['--seed', '-1'], '--seed'],
    [['--fast'], '--fast'],
  ] as const) {
    expect(() => given(...argv)).toThrow(sentence);
  }
  expect(() => readFailoverArguments([])).toThrow('--binary FILE is missing');
});

test('finished rounds are kept beside the JSON, or where they were told to be', () => {
  expect(given().resume).toBeNull();
  expect(given('--json', 'a.json')).toMatchObject({ resume: 'a.json.rounds', keepsRounds: false });
  expect(given('--json', 'a.json', '--resume', 'b')).toMatchObject({
    resume: 'b',
    keepsRounds: true,
  });
});

test('what keeps a run from being published', () => {
  const good = {
    commit: 'abcdef0',
    load: 0.1,
    controlGapMsP95: 4,
    failed: 0,
    absent: [],
  };
  expect(failoverObstaclesOf(given(), good)).toEqual([]);
  const bad = { commit: 'dirty', load: 2, controlGapMsP95: 40, failed: 2, absent: ['mptcp'] };
  expect(
    failoverObstaclesOf(given('--quick', '--no-peers', '--only', 'flap', '--rtt', '10'), bad),
  ).toEqual([
    'a quick look',
    'fewer than 30 rounds a class',
    'not every class',
    'not every round trip',
    'without peers',
    'without mptcp',
    'the source is no commit: dirty',
    'the machine was busy: load 2 at the start',
    'without a cut there were gaps of 40 ms (p95)',
    '2 rounds failed',
  ]);
  expect(failoverObstaclesOf(given(), { ...good, controlGapMsP95: null })).toEqual([
    'no control was measured',
  ]);
  expect(failoverObstaclesOf(given('--lanes', '1'), good)).toEqual([]);
  expect(failoverObstaclesOf(given('--lanes', '2'), good)).toEqual([
    'two lanes without a comparison',
  ]);
});

test('an estimate learns what each kind costs, and divides by the lanes', () => {
  const plan = (name: RoundPlan['name']): RoundPlan => ({
    contender: 'jvpn',
    name,
    rttMs: 10,
    index: 0,
  });
  const estimate = new Estimate();
  expect(estimate.remainingMs([plan('flap'), plan('flap')], 1)).toBe(5_000);
  estimate.learn(plan('flap'), 3_000);
  estimate.learn(plan('flap'), 5_000);
  estimate.learn(plan('silent'), 1_000);
  // The unknown one costs what all cost on average.
  expect(estimate.remainingMs([plan('flap'), plan('silent'), plan('carrier')], 1)).toBe(8_000);
  // … and a carrier has no other beside it.
  expect(estimate.remainingMs([plan('flap'), plan('silent'), plan('carrier')], 2)).toBe(5_500);
});

test('what is held to a few milliseconds is alone, before what may have others beside it, index after index', () => {
  const plans = scheduleOf(given('--rounds', '2', '--rtt', '10,50'));
  const batches = batchesOf(plans);
  expect(batches.map((batch) => batch[0]!.index)).toEqual([0, 0, 1, 1]);
  for (const [at, batch] of batches.entries()) {
    for (const plan of batch) {
      const { contender, name, index } = plan;
      expect(index).toBe(batch[0]!.index);
      const isTight = name === 'carrier' || name === 'failback';
      expect([kindOf(plan), isAlone(plan)]).toEqual([kindOf(plan), isTight]);
      expect(isAlone(plan)).toBe(at % 2 === 0);
      if (contender === 'control' || contender === 'bare') expect(isAlone(plan)).toBe(true);
    }
  }
  expect(batches.flat().map(keyOf).sort()).toEqual(plans.map(keyOf).sort());
});

const round = (index: number): FinishedRound => ({
  plan: { contender: 'jvpn', name: 'flap', rttMs: 10, index },
  lanes: 1,
  costMs: 1,
  leftEarly: 0,
  figures: null,
  error: 'for a test',
});
const measured = { format: 1, jvpn: 'jvpn 0.1.0 (abc)', kernel: '6.18' } as const;

test('a journal gives back what was finished, without what was torn', () => {
  const path = join(folder, 'rounds');
  const first = new Journal(path, measured);
  first.add(round(0));
  const comparison = compareLanes([1, 2, 3], [1, 2, 3]);
  first.compare(comparison);
  first.add(round(1));
  appendFileSync(path, JSON.stringify(round(2)).slice(0, 40));

  const second = new Journal(path, measured);
  expect([...second.finished.values()]).toEqual([round(0), round(1)]);
  expect(second.comparison).toEqual(comparison);
  expect(second.hasSetAside).toBe(false);
  second.add(round(2));

  const third = new Journal(path, measured);
  expect([...third.finished.keys()]).toEqual([
    'jvpn/flap/10/0',
    'jvpn/flap/10/1',
    'jvpn/flap/10/2',
  ]);
  third.remove();
  expect(existsSync(path)).toBe(false);
});

test('what was torn does not spoil the line after it', () => {
  const path = join(folder, 'torn');
  new Journal(path, measured).add(round(0));
  appendFileSync(path, JSON.stringify(round(1)).slice(0, 40));
  new Journal(path, measured).add(round(2));
  const keys = [...new Journal(path, measured).finished.keys()];
  expect(keys).toEqual(['jvpn/flap/10/0', 'jvpn/flap/10/2']);
});

test('rounds of another jvpn do not count, and are not lost', () => {
  const path = join(folder, 'other');
  new Journal(path, measured).add(round(0));
  const other = new Journal(path, { ...measured, jvpn: 'jvpn 0.1.0 (def)' });
  expect([other.hasSetAside, other.finished.size]).toEqual([true, 0]);
  expect(readFileSync(`${path}.old`, 'utf8')).toContain('for a test');
});

test('without a file nothing is kept, and everything works', () => {
  const journal = new Journal(null, measured);
  journal.add(round(0));
  expect(journal.finished.size).toBe(1);
  journal.remove();
});

test('rank sums: equal samples give 0, ties share their rank, and the direction shows', () => {
  expect(rankSumZ([1, 2, 3, 4], [1, 2, 3, 4])).toBe(0);
  expect(rankSumZ([5, 5], [5, 5])).toBe(0);
  // By hand: ranks 1…5 are a's; 15 − 27.5 over √(5·5·11/12).
  expect(rankSumZ([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])).toBeCloseTo(-2.611, 3);
  expect(rankSumZ([6, 7, 8, 9, 10], [1, 2, 3, 4, 5])).toBeCloseTo(2.611, 3);
});

test('a shift is the median difference of pairs', () => {
  expect(shiftOf([10, 20, 30], [15, 25, 35])).toBe(5);
  // Differences 0, 100, −10, 90: one that is far out does not move it far.
  expect(shiftOf([10, 20], [10, 110])).toBe(45);
});

test('lanes change the figures unless it is shown that they do not', () => {
  const alone = Array.from({ length: 16 }, (_, index) => 120 + 3 * index);
  const shifted = (ms: number) => alone.map((value) => value + ms);
  expect(compareLanes(alone, shifted(0)).changes_figures).toBe(false);
  expect(compareLanes(alone, shifted(7))).toMatchObject({ shift_ms: 7, changes_figures: false });
  expect(compareLanes(alone, shifted(60))).toMatchObject({
    alone_ms_p50: 142.5,
    beside_ms_p50: 202.5,
    alone_ms_p95: 165,
    shift_ms: 60,
    changes_figures: true,
  });
  // One that chance may explain is no proof of sameness.
  expect(compareLanes(alone, shifted(9)).changes_figures).toBe(true);
  expect(Math.abs(compareLanes(alone, shifted(9)).z)).toBeLessThan(2.576);
  expect(compareLanes(alone, shifted(-9)).changes_figures).toBe(true);
  // Of short gaps, 5 ms are allowed.
  const short = alone.map(() => 30);
  expect(
    compareLanes(
      short,
      short.map((ms) => ms + 5),
    ).changes_figures,
  ).toBe(false);
  expect(
    compareLanes(
      short,
      short.map((ms) => ms + 6),
    ).changes_figures,
  ).toBe(true);
  // Too few to tell.
  expect(compareLanes(alone, alone.slice(5)).changes_figures).toBe(true);
  expect(compareLanes([], []).changes_figures).toBe(true);
});

test('a run that goes on has taken the time of its earlier rounds as well, two lanes at once', () => {
  expect(earlierMsOf([])).toBe(0);
  expect(
    earlierMsOf([
      { costMs: 3_000, lanes: 1 },
      { costMs: 2_000, lanes: 2 },
      { costMs: 4_000, lanes: 2 },
    ]),
  ).toBe(6_000);
});
