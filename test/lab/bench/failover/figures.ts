/**
 * The figures of a failover run, as `--json` writes them. Pure.
 *
 * @module
 */
import type { machineOf } from '../machine.ts';
import { percentileOf, round } from '../statistics.ts';
import type { LanesWanted } from './arguments.ts';
import { CLASSES, type ClassName, type Contender, RTTS_MS, type RttMs } from './classes.ts';
import type { FinishedRound } from './journal.ts';
import type { LaneComparison } from './lanes.ts';
import type { RoundFigures } from './round.ts';

/** Milliseconds, by nearest rank: of fewer than 100 rounds p99 is the largest, of fewer than 20 p95 too. */
export type Distribution<Name extends string> = Readonly<
  Record<`${Name}_${'min' | 'p25' | 'p50' | 'p75' | 'p95' | 'p99' | 'max'}`, number> &
    Record<Name, readonly number[]>
>;

/** The fault of a session that gave up a link which nothing had been done to. */
const LEFT_EARLY = 'the link was left before anything was done to it';

export interface ClassFigures {
  readonly rounds: number;
  readonly failed: number;
  /** Why, each once. */
  readonly failures: readonly string[];
  /** How often a link had been left before anything was done to it; of jvpn each is a wrong verdict. */
  readonly left_early: number;
  /** Datagrams of all rounds, both directions; the most of one round. Null where only the transfer runs. */
  readonly sent: number | null;
  readonly lost: number | null;
  readonly lost_max: number | null;
  readonly duplicated: number | null;
  readonly gap_up_ms_p50: number | null;
  readonly gap_down_ms_p50: number | null;
  /** How often which reason was given first; of jvpn only, as all that follows on verdicts. */
  readonly verdicts: Readonly<Record<string, number>> | null;
  readonly verdict_ms_p50: number | null;
  readonly wrong_verdicts: number | null;
  readonly faults: Readonly<Record<string, number>> | null;
  readonly switches_max: number | null;
  /** Probes and control, from the cut until the flows had settled, both ways; null where it is not told apart. */
  readonly overhead_bytes_p50: number | null;
  readonly overhead_bytes_per_s: number | null;
  /** Longest time in which a program that sends and receives did not run. */
  readonly pause_ms_max: number;
}

export type ClassRow = ClassFigures &
  Partial<Distribution<'gap_ms'>> &
  Partial<Distribution<'tcp_stall_ms'>>;

export type ByRtt<T> = Readonly<Partial<Record<`rtt_${RttMs}`, T>>>;
export type ByClass = Readonly<Partial<Record<ClassName, ClassRow>>>;

export function classFiguresOf(contender: Contender, rounds: readonly FinishedRound[]): ClassRow {
  const good = rounds.flatMap(({ figures }) => figures ?? []);
  const failures = rounds.flatMap(({ error }) => error ?? []);
  const gaps = good.flatMap(({ gapMs }) => gapMs ?? []);
  const verdicts = good.flatMap(({ verdict }) => verdict ?? []);
  const leftEarly = rounds.reduce((total, { leftEarly: times }) => total + times, 0);
  const falseDeaths = contender === 'jvpn' ? leftEarly : 0;
  const faults = [
    ...verdicts.flatMap(({ fault }) => fault ?? []),
    ...new Array<string>(falseDeaths).fill(LEFT_EARLY),
  ];
  const hasVerdicts = verdicts.length > 0;
  const isJudged = hasVerdicts || falseDeaths > 0;
  const hasOverhead = contender !== 'mptcp' && contender !== 'bare' && good.length > 0;
  const hasUdp = gaps.length > 0;
  const sum = (count: (figures: RoundFigures) => number) =>
    good.reduce((total, figures) => total + count(figures), 0);
  return {
    rounds: good.length,
    failed: failures.length,
    failures: [...new Set(failures)],
    left_early: leftEarly,
    ...(gaps.length === 0 ? {} : distributionOf('gap_ms', gaps)),
    ...(good.length === 0
      ? {}
      : distributionOf(
          'tcp_stall_ms',
          good.map(({ tcpStallMs }) => tcpStallMs),
        )),
    sent: hasUdp ? sum(({ sent }) => sent) : null,
    lost: hasUdp ? sum(({ lost }) => lost) : null,
    lost_max: hasUdp ? Math.max(...good.map(({ lost }) => lost)) : null,
    duplicated: hasUdp ? sum(({ duplicated }) => duplicated) : null,
    gap_up_ms_p50: medianOrNull(good.flatMap(({ gapUpMs }) => gapUpMs ?? [])),
    gap_down_ms_p50: medianOrNull(good.flatMap(({ gapDownMs }) => gapDownMs ?? [])),
    verdicts: hasVerdicts ? countsOf(verdicts.map(({ reason }) => reason)) : null,
    verdict_ms_p50: medianOrNull(good.flatMap(({ verdictMs }) => verdictMs ?? [])),
    wrong_verdicts: isJudged ? faults.length : null,
    faults: isJudged ? countsOf(faults) : null,
    switches_max: hasVerdicts ? Math.max(...verdicts.map(({ switches }) => switches)) : null,
    overhead_bytes_p50: hasOverhead
      ? medianOrNull(good.map(({ overheadBytes }) => overheadBytes))
      : null,
    overhead_bytes_per_s: hasOverhead
      ? Math.round((sum((f) => f.overheadBytes) / sum((f) => f.overheadMs)) * 1000)
      : null,
    pause_ms_max: round(Math.max(0, ...good.map(({ pauseMs }) => pauseMs))),
  };
}

export function distributionOf<Name extends string>(
  name: Name,
  values: readonly number[],
): Distribution<Name> {
  const sorted = values.map(round).sort((a, b) => a - b);
  const entries = [
    ['min', sorted[0]!],
    ...[25, 50, 75, 95, 99].map((percent) => [`p${percent}`, percentileOf(sorted, percent)]),
    ['max', sorted.at(-1)!],
  ].map(([which, value]) => [`${name}_${which}`, value]);
  return Object.fromEntries([...entries, [name, sorted]]) as Distribution<Name>;
}

/** All classes of one contender, by round trip. */
export function byRtt(contender: Contender, finished: readonly FinishedRound[]): ByRtt<ByClass> {
  const own = finished.filter(({ plan }) => plan.contender === contender);
  return Object.fromEntries(
    RTTS_MS.flatMap((rttMs) => {
      const classes = CLASSES.flatMap((name) => {
        const rounds = own.filter(({ plan }) => plan.rttMs === rttMs && plan.name === name);
        return rounds.length === 0 ? [] : [[name, classFiguresOf(contender, rounds)] as const];
      });
      return classes.length === 0 ? [] : [[`rtt_${rttMs}`, Object.fromEntries(classes)]];
    }),
  );
}

/** Rounds without a cut: through jvpn, and without any tunnel. */
export function controlOf(finished: readonly FinishedRound[]) {
  const of = (contender: Contender) =>
    Object.fromEntries(
      Object.entries(byRtt(contender, finished)).map(([rtt, classes]) => [
        rtt,
        Object.values(classes)[0],
      ]),
    ) as ByRtt<ClassRow>;
  return { jvpn: of('control'), no_tunnel: of('bare') };
}

export interface FigureParts {
  readonly machine: ReturnType<typeof machineOf>;
  readonly policy: string;
  readonly rounds: number;
  readonly peerRounds: number;
  readonly lanes: {
    readonly wanted: LanesWanted;
    readonly used: number;
    readonly comparison: LaneComparison | null;
  };
  readonly obstacles: readonly string[];
  readonly finished: readonly FinishedRound[];
  readonly absent: Readonly<Record<string, string>>;
  readonly minutes: number;
}

export function failoverFiguresOf(parts: FigureParts) {
  const { finished } = parts;
  return {
    machine: parts.machine,
    policy: parts.policy,
    rounds: parts.rounds,
    peer_rounds: parts.peerRounds,
    minutes: round(parts.minutes),
    lanes: parts.lanes,
    publishable: parts.obstacles.length === 0,
    publishable_obstacles: parts.obstacles,
    ...byRtt('jvpn', finished),
    peers: { mptcp: byRtt('mptcp', finished), wireguard_go: byRtt('wireguard_go', finished) },
    absent: parts.absent,
    control: controlOf(finished),
  };
}

export type FailoverFigures = ReturnType<typeof failoverFiguresOf>;

/** Whether every class that was asked for has figures at every round trip. */
export function hasMeasuredAll(
  figures: FailoverFigures,
  { only, rttsMs }: { readonly only: readonly ClassName[]; readonly rttsMs: readonly RttMs[] },
): boolean {
  return rttsMs.every((rttMs) =>
    only.every((name) => (figures[`rtt_${rttMs}`]?.[name]?.rounds ?? 0) > 0),
  );
}

function countsOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

const medianOrNull = (values: readonly number[]) =>
  values.length === 0 ? null : round(percentileOf(values, 50));
