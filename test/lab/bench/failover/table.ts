/**
 * The figures as a person reads them. Pure.
 *
 * @module
 */
import { type Goal, goalLine } from '../goal.ts';
import { CLASSES, RTTS_MS } from './classes.ts';
import type { ClassRow, FailoverFigures } from './figures.ts';
import type { FinishedRound } from './journal.ts';
import { kindOf } from './schedule.ts';

const NONE = '–';

interface Column {
  readonly title: string;
  readonly cell: (row: ClassRow) => string;
}

const COLUMNS: readonly Column[] = [
  {
    title: 'rounds',
    cell: ({ rounds, failed }) => `${rounds}${failed > 0 ? ` (${failed} failed)` : ''}`,
  },
  {
    title: 'gap p50',
    cell: ({ gap_ms_p50 }) => whole(gap_ms_p50),
  },
  { title: 'p25–p75', cell: ({ gap_ms_p25, gap_ms_p75 }) => span(gap_ms_p25, gap_ms_p75) },
  { title: 'p95', cell: ({ gap_ms_p95 }) => whole(gap_ms_p95) },
  { title: 'p99', cell: ({ gap_ms_p99 }) => whole(gap_ms_p99) },
  { title: 'max', cell: ({ gap_ms_max }) => whole(gap_ms_max) },
  { title: 'TCP p50', cell: ({ tcp_stall_ms_p50 }) => whole(tcp_stall_ms_p50) },
  {
    title: 'p25–p75',
    cell: ({ tcp_stall_ms_p25, tcp_stall_ms_p75 }) => span(tcp_stall_ms_p25, tcp_stall_ms_p75),
  },
  { title: 'p99', cell: ({ tcp_stall_ms_p99 }) => whole(tcp_stall_ms_p99) },
  { title: 'lost', cell: ({ lost }) => lost?.toString() ?? NONE },
  {
    title: 'dup',
    cell: ({ duplicated }) => duplicated?.toString() ?? NONE,
  },
  { title: 'wrong', cell: ({ wrong_verdicts }) => wrong_verdicts?.toString() ?? NONE },
  {
    title: 'probe B/s',
    cell: ({ overhead_bytes_per_s }) => overhead_bytes_per_s?.toString() ?? NONE,
  },
];

export function failoverTableOf(
  figures: FailoverFigures,
  goals: readonly Goal[],
): readonly string[] {
  const { jvpn: control, no_tunnel: bare } = figures.control;
  const { mptcp, wireguard_go } = figures.peers;
  const rows = RTTS_MS.flatMap((rttMs) => {
    const rtt = `rtt_${rttMs}` as const;
    const place = `${rttMs} ms`;
    return [
      ...rowOf(place, 'no cut', 'no tunnel', bare[rtt]),
      ...rowOf(place, 'no cut', 'jvpn', control[rtt]),
      ...CLASSES.flatMap((name) => [
        ...rowOf(place, name, 'jvpn', figures[rtt]?.[name]),
        ...rowOf(place, name, 'MPTCP', mptcp[rtt]?.[name]),
        ...rowOf(place, name, 'wireguard-go', wireguard_go[rtt]?.[name]),
      ]),
    ];
  });
  const head = ['RTT', 'class', 'who', ...COLUMNS.map(({ title }) => title)];
  return [
    ...aligned([head, ...rows]),
    '',
    'gap: longest time without a datagram of 1 kHz UDP, of the worse direction, a round; TCP: longest stall of an 8 Mbit/s',
    'transfer; all in ms. lost, dup: datagrams of all rounds. wrong: verdicts. probe B/s: probes and control, both ways.',
    ...faultsOf(figures),
    ...goals.map(goalLine),
    ...Object.entries(figures.absent).map(([name, why]) => `${name}: absent, ${why}`),
    `${Object.entries(figures.machine)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}; lanes ${figures.lanes.used}; ${figures.minutes.toFixed(1)} min`,
    ...(figures.publishable
      ? []
      : [`NOT PUBLISHABLE: ${figures.publishable_obstacles.join('; ')}`]),
  ];
}

function rowOf(
  place: string,
  name: string,
  who: string,
  row: ClassRow | undefined,
): readonly string[][] {
  return row === undefined ? [] : [[place, name, who, ...COLUMNS.map(({ cell }) => cell(row))]];
}

function faultsOf(figures: FailoverFigures): readonly string[] {
  return RTTS_MS.flatMap((rttMs) =>
    Object.entries(figures[`rtt_${rttMs}`] ?? {}).flatMap(([name, { faults, failures }]) => [
      ...Object.entries(faults ?? {}).map(
        ([fault, count]) => `wrong verdict, ${name} at ${rttMs} ms, ${count} times: ${fault}`,
      ),
      ...failures.map((failure) => `failed, ${name} at ${rttMs} ms: ${failure}`),
    ]),
  );
}

/** One line while it runs. */
export function progressText(
  done: number,
  total: number,
  remainingMs: number,
  last: FinishedRound | undefined,
): string {
  const minutes = (remainingMs / 60_000).toFixed(1);
  const figures = last?.figures;
  const what =
    last === undefined || figures === null || figures === undefined
      ? ''
      : `  ${kindOf(last.plan)}: gap ${whole(figures.gapMs)}, TCP ${whole(figures.tcpStallMs)} ms`;
  return `${String(done).padStart(5)}/${total} rounds, about ${minutes} min left${what}`;
}

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  return rows.map((row) =>
    row
      .map((cell, at) => (at < 3 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
      .join('  ')
      .trimEnd(),
  );
}

const whole = (value: number | null | undefined) =>
  value === null || value === undefined ? NONE : value.toFixed(value < 10 ? 1 : 0);

const span = (low: number | undefined, high: number | undefined) =>
  low === undefined ? NONE : `${whole(low)}–${whole(high)}`;
