/**
 * What the project promises of a handover, beside what was measured. Pure.
 *
 * @module
 */
import { type Goal, newGoal } from '../goal.ts';
import { DEFAULTS } from './arguments.ts';
import { CLASSES, type ClassName, RTTS_MS, type RttMs } from './classes.ts';
import type { ByClass, ByRtt, FailoverFigures } from './figures.ts';

const SILENT_MS: Readonly<Record<RttMs, { readonly p50: number; readonly p99: number }>> = {
  10: { p50: 120, p99: 200 },
  50: { p50: 200, p99: 350 },
  200: { p50: 600, p99: 900 },
};
/** A link that is dead one way only is to be left as fast as a silent one. */
const AS_SILENT: readonly ClassName[] = ['silent', 'one-way-out', 'one-way-in'];
/** Beyond one round trip. */
const CARRIER_MS = 30;
const LOSSLESS: readonly ClassName[] = [...AS_SILENT, 'carrier', 'nat-rebind', 'failback'];

/** Of a whole run, as little as may be published. */
const RUN_MINUTES = 60;

type Measured = Pick<FailoverFigures, 'peers' | 'peer_rounds' | 'minutes' | 'control'> &
  ByRtt<ByClass>;

/** Of what was measured; nothing of what was not. */
export function goalsOf(figures: Measured): readonly Goal[] {
  return [
    ...handoverGoalsOf(figures),
    ...(isWhole(figures) ? [newGoal('minutes', figures.minutes, RUN_MINUTES)] : []),
  ];
}

/** Every class at every round trip as often as is usual, and peers. What takes less time says nothing of that. */
function isWhole(figures: Measured): boolean {
  return (
    figures.peer_rounds >= DEFAULTS.peerRounds &&
    RTTS_MS.every((rttMs) =>
      CLASSES.every((name) => {
        const row = figures[`rtt_${rttMs}`]?.[name];
        return row !== undefined && row.rounds + row.failed >= DEFAULTS.rounds;
      }),
    )
  );
}

function handoverGoalsOf(figures: Measured): readonly Goal[] {
  return ([10, 50, 200] as const).flatMap((rttMs) => {
    const classes = figures[`rtt_${rttMs}`] ?? {};
    const goal = (
      name: ClassName,
      what: string,
      value: number | null | undefined,
      limit: number,
    ) =>
      value === null || value === undefined
        ? []
        : [newGoal(`rtt_${rttMs}.${name}.${what}`, value, limit)];
    const steady = figures.control.jvpn[`rtt_${rttMs}`]?.gap_ms_p95;
    const mptcp = figures.peers.mptcp[`rtt_${rttMs}`]?.silent?.tcp_stall_ms_p50;
    return [
      ...AS_SILENT.flatMap((name) => [
        ...goal(name, 'gap_ms_p50', classes[name]?.gap_ms_p50, SILENT_MS[rttMs].p50),
        ...goal(name, 'gap_ms_p99', classes[name]?.gap_ms_p99, SILENT_MS[rttMs].p99),
      ]),
      ...goal('carrier', 'gap_ms_p99', classes.carrier?.gap_ms_p99, rttMs + CARRIER_MS),
      ...LOSSLESS.flatMap((name) => goal(name, 'lost', classes[name]?.lost, 0)),
      // Made before it is broken: nobody sees it in the flow.
      ...(steady === undefined
        ? []
        : goal('failback', 'gap_ms_p50 beside no cut', classes.failback?.gap_ms_p50, steady)),
      ...(mptcp === undefined
        ? []
        : goal('silent', 'gap_ms_p50 beside MPTCP', classes.silent?.gap_ms_p50, mptcp)),
      ...Object.entries(classes).flatMap(([name, { wrong_verdicts }]) =>
        goal(name as ClassName, 'wrong_verdicts', wrong_verdicts, 0),
      ),
    ];
  });
}
