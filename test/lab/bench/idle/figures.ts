/**
 * The document that `scripts/bench idle --json` writes. Pure: windows in, figures out.
 *
 * A day is scaled from the window. What happens more rarely than the window is long is not in it, or was by chance: its
 * computed bytes are added, and shown apart, so that ten minutes do not pass for a day without rekeys.
 *
 * @module
 */
import { idleCost, rareBytesPerDay } from '../../../../policies/budget.ts';
import type { ProfileName } from '../../../../policies/profiles.ts';
import type { Policy } from '../../../../policies/schema.ts';
import { type Goal, goalLine } from '../goal.ts';
import { round } from '../statistics.ts';
import { PUBLISHABLE } from './arguments.ts';
import type { Measured } from './idle.ts';
import { CASES, type Case, isIpv6, isStandby, LTE } from './room.ts';
import type { LinkCounts } from './sample.ts';
import type { Window } from './window.ts';

const DAY_S = 86_400;

export interface IdleRunFacts {
  readonly minutes: number;
  readonly settleSeconds: number;
  readonly isAwake: boolean;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly policyOf: (profile: ProfileName) => Policy;
}

export function idleFigures(measured: Measured, facts: IdleRunFacts) {
  const profiles: Record<string, ReturnType<typeof profileFigures>> = {};
  for (const [profile, windows] of measured.profiles) {
    profiles[profile] = profileFigures(windows, facts.policyOf(profile));
  }
  const obstacles = obstaclesOf(facts);
  return {
    profiles,
    peers: measured.peer === null ? {} : { wireguard_go: peerFigures(measured.peer) },
    minutes: facts.minutes,
    settle_seconds: facts.settleSeconds,
    cpus_kept_awake: facts.isAwake,
    publishable: obstacles.length === 0,
    publishable_obstacles: obstacles,
    machine: facts.machine,
  };
}

export function obstaclesOf({ minutes, settleSeconds }: IdleRunFacts): string[] {
  return [
    ...(minutes < PUBLISHABLE.minutes ? [`fewer than ${PUBLISHABLE.minutes} minutes`] : []),
    ...(settleSeconds < PUBLISHABLE.settleSeconds
      ? [`less than ${PUBLISHABLE.settleSeconds} s after the start`]
      : []),
  ];
}

/** The worst of the cases counts: IPv4 and IPv6, standby and active. */
function profileFigures(windows: ReadonlyMap<Case, Window>, policy: Policy) {
  const cases: Partial<Record<Case, ReturnType<typeof caseFigures>>> = {};
  for (const [name, window] of windows) cases[name] = caseFigures(name, window, policy);
  const worst = (
    pick: (figures: ReturnType<typeof caseFigures>) => number,
    of = CASES as readonly Case[],
  ) => Math.max(...of.flatMap((name) => (cases[name] === undefined ? [] : [pick(cases[name])])));
  const standby = CASES.filter(isStandby);
  const active = CASES.filter((name) => !isStandby(name));
  return {
    standby_lte_bytes_per_day: worst((figures) => figures.lte_bytes_per_day, standby),
    active_lte_bytes_per_day: worst((figures) => figures.lte_bytes_per_day, active),
    wakeups_per_s: worst((figures) => figures.wakeups_per_s),
    cpu_percent: worst((figures) => figures.cpu_percent),
    cpu_ms_per_wakeup: worst((figures) => figures.cpu_ms_per_wakeup),
    anon_kib: worst((figures) => figures.anon_kib),
    cases,
  };
}

function caseFigures(name: Case, window: Window, policy: Policy) {
  const family = isIpv6(name) ? 6 : 4;
  const use = isStandby(name) ? 'standby' : 'active';
  const rare = rareBytesPerDay(policy, family, use, window.seconds * 1_000);
  const cost = idleCost(policy, family);
  const lte = bytesPerDay(window.links.get(LTE), window.seconds);
  return {
    lte_bytes_per_day: Math.ceil(lte + rare),
    lte_bytes_per_day_in_window: Math.ceil(lte),
    lte_bytes_per_day_computed_rest: Math.ceil(rare),
    lte_bytes_per_day_computed:
      use === 'standby' ? cost.standbyLteBytesPerDay : cost.activeLteBytesPerDay,
    ethernet_bytes_per_day: Math.ceil(bytesPerDay(window.links.get('eth0'), window.seconds)),
    ...processFigures(window),
    wakeups_per_s_by_thread: scaled(window.switchesByThread, 1 / window.seconds),
    cpu_percent_by_thread: scaled(window.cpuSecondsByThread, 100 / window.seconds),
    anon_kib_max: window.anonMaxKib,
  };
}

function processFigures(window: Window) {
  return {
    wakeups_per_s: round(window.switches / window.seconds),
    cpu_percent: round((100 * window.cpuSeconds) / window.seconds),
    cpu_ms_per_wakeup: round((1_000 * window.cpuSeconds) / Math.max(1, window.switches)),
    anon_kib: window.anonKib,
  };
}

function peerFigures(window: Window) {
  const bytes = Math.ceil(bytesPerDay(window.links.get('eth0'), window.seconds));
  return { ethernet_bytes_per_day: bytes, ...processFigures(window) };
}

const scaled = (byThread: Readonly<Record<string, number>>, factor: number) =>
  Object.fromEntries(
    Object.entries(byThread).map(([thread, value]) => [thread, round(value * factor)]),
  );

/** Both ways, scaled from `seconds` to a day. A link that is not there carried nothing. */
export function bytesPerDay(counts: LinkCounts | undefined, seconds: number): number {
  if (counts === undefined) return 0;
  return ((counts.sentBytes + counts.receivedBytes) * DAY_S) / seconds;
}

export type IdleFigures = ReturnType<typeof idleFigures>;

export function idleTable(figures: IdleFigures, goals: readonly Goal[]): string[] {
  const heading = [
    'profile',
    'standby LTE/day',
    'active LTE/day',
    'wake-ups/s',
    'CPU %',
    'ms a wake-up',
    'anon KiB',
  ];
  const rows = Object.entries(figures.profiles).map(([profile, row]) => [
    profile,
    String(row.standby_lte_bytes_per_day),
    String(row.active_lte_bytes_per_day),
    String(row.wakeups_per_s),
    String(row.cpu_percent),
    String(row.cpu_ms_per_wakeup),
    String(row.anon_kib),
  ]);
  for (const [peer, row] of Object.entries(figures.peers)) {
    const process = [row.wakeups_per_s, row.cpu_percent, row.cpu_ms_per_wakeup, row.anon_kib];
    rows.push([peer, '-', '-', ...process.map(String)]);
  }
  const widths = heading.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => row[at]!.length)),
  );
  const lines = [heading, ...rows].map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd(),
  );
  lines.push('', ...goals.map(goalLine));
  if (figures.publishable) return lines;
  return [...lines, `NOT PUBLISHABLE: ${figures.publishable_obstacles.join(', ')}`];
}
