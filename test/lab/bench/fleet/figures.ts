/**
 * The figures of `scripts/bench fleet`: as `--json` writes them, and as a person reads them. Pure.
 *
 * @module
 */
import { type Goal, goalLine, newGoal } from '../goal.ts';
import { medianOf, percentileOf, round } from '../statistics.ts';
import { type FleetArguments, fleetObstaclesOf } from './arguments.ts';

export interface FleetMeasured {
  readonly given: FleetArguments;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly loadDuring: number;
  /** Each device reports so often, besides what happens to it. */
  readonly intervalMs: number;
  readonly connectedS: number;
  /** Without a reader, and with one. */
  readonly alone: Window;
  readonly watched: Window;
  readonly peakMib: number;
  readonly paints: readonly { readonly paintMs: number; readonly listMs: number }[];
  readonly updatesMs: readonly number[];
  readonly storm: { readonly devices: number; readonly updatesMs: readonly number[] };
  /** A policy, on trial at least; and one that has proved itself, for which a device has to be ATTACHED. */
  readonly followed: Reach;
  readonly confirmed: Reach;
  readonly emergency: Reach;
  readonly history: { readonly bytes: number; readonly writtenS: number };
  readonly seriesMs: readonly number[];
  readonly timelineMs: readonly number[];
}

export interface Window {
  readonly messagesPerS: number;
  /** Reports that devices made and the fleet did not hear. */
  readonly missing: number;
  readonly cpuPercent: number;
  /** By how much the crowd itself came late at most, ms: beyond a second it is the crowd that was measured. */
  readonly crowdLateMs: number;
}

/** From its publishing to when the fleet knew it of all devices; NaN: never. */
export interface Reach {
  readonly allS: number;
  /** … and of half of them. */
  readonly halfS: number;
  /** That were reached, at the end. */
  readonly devices: number;
}

/** What the project promises of 10,000 devices that report each 10 s. */
export const GOALS = {
  ...{ fleet_rss_mib: 300, first_paint_ms: 1_000, update_ms_p99: 1_000 },
  ...{ policy_fleetwide_s: 30, query_30d_ms: 200 },
} as const;
/** Of the reports that are due. */
const MISSING_PERCENT_MAX = 1;

export function fleetFiguresOf(measured: FleetMeasured) {
  const { given, alone, watched, paints, updatesMs, storm, followed, emergency } = measured;
  const obstacles = fleetObstaclesOf(given, Number(measured.machine['load_before'] ?? 0));
  const due = (given.devices * 1_000) / measured.intervalMs;
  const series = medianOf(measured.seriesMs);
  const timeline = medianOf(measured.timelineMs);
  const figures = {
    devices: given.devices,
    health_messages_per_s: round(alone.messagesPerS),
    fleet_rss_mib: round(measured.peakMib),
    fleet_cpu_percent: round(alone.cpuPercent),
    first_paint_ms: medianOf(paints.map(({ paintMs }) => paintMs)),
    update_ms_p99: round(percentileOf(updatesMs, 99)),
    policy_fleetwide_s: round(followed.allS),
    query_30d_ms: Math.max(series, timeline),
    connections: given.connections,
    connected_s: round(measured.connectedS),
    seconds: given.seconds,
    reports_missing: alone.missing + watched.missing,
    reports_missing_percent: round(Math.max(0, 100 * (1 - alone.messagesPerS / due))),
    crowd_late_ms: Math.max(alone.crowdLateMs, watched.crowdLateMs),
    fleet_cpu_percent_watched: round(watched.cpuPercent),
    first_paint_ms_max: round(Math.max(...paints.map(({ paintMs }) => paintMs))),
    list_ms: medianOf(paints.map(({ listMs }) => listMs)),
    updates: updatesMs.length,
    update_ms_p50: medianOf(updatesMs),
    storm_devices: storm.devices,
    storm_update_ms_p50: medianOf(storm.updatesMs),
    storm_update_ms_p99: round(percentileOf(storm.updatesMs, 99)),
    policy_devices: followed.devices,
    policy_half_s: round(followed.halfS),
    policy_confirmed_devices: measured.confirmed.devices,
    policy_confirmed_s: round(measured.confirmed.allS),
    policy_confirmed_half_s: round(measured.confirmed.halfS),
    emergency_devices: emergency.devices,
    emergency_fleetwide_s: round(emergency.allS),
    query_30d_series_ms: series,
    query_30d_device_ms: timeline,
    query_30d_ms_max: round(Math.max(...measured.seriesMs, ...measured.timelineMs)),
    history_rows: given.historyRows,
    history_mib: round(measured.history.bytes / 2 ** 20),
    history_written_s: round(measured.history.writtenS),
    load_during: round(measured.loadDuring),
    publishable: obstacles.length === 0,
    publishable_obstacles: obstacles,
    machine: measured.machine,
  };
  return { ...figures, goals: goalsOf(figures) };
}

export type FleetFigures = ReturnType<typeof fleetFiguresOf>;

function goalsOf(
  figures: Readonly<Record<keyof typeof GOALS | 'reports_missing_percent', number>> & {
    readonly policy_devices: number;
    readonly devices: number;
  },
): readonly Goal[] {
  return [
    newGoal('reports_missing_percent', figures.reports_missing_percent, MISSING_PERCENT_MAX),
    ...Object.entries(GOALS).map(([name, limit]) =>
      newGoal(name, figures[name as keyof typeof GOALS], limit),
    ),
    newGoal('policy_devices_missing', figures.devices - figures.policy_devices, 0),
  ];
}

export function fleetTable(figures: FleetFigures): readonly string[] {
  const lines = [
    `${figures.devices} devices over ${figures.connections} connections, opened in ${figures.connected_s} s`,
    `messages    ${figures.health_messages_per_s}/s over ${figures.seconds} s, ${figures.reports_missing} missing`,
    `process     ${figures.fleet_rss_mib} MiB resident at most, ${figures.fleet_cpu_percent} % of one core, ` +
      `${figures.fleet_cpu_percent_watched} % while somebody watches`,
    `dashboard   first paint ${figures.first_paint_ms} ms (at most ${figures.first_paint_ms_max}), list after ${figures.list_ms} ms`,
    `update      p50 ${figures.update_ms_p50} ms, p99 ${figures.update_ms_p99} ms of ${figures.updates}; while ` +
      `${figures.storm_devices} devices lose their links p50 ${figures.storm_update_ms_p50} ms, p99 ${figures.storm_update_ms_p99} ms`,
    `policy      followed by ${figures.policy_devices} devices in ${figures.policy_fleetwide_s} s, by half of them in ${figures.policy_half_s} s; ` +
      `confirmed by ${figures.policy_confirmed_devices} in ${figures.policy_confirmed_s} s, by half of them in ${figures.policy_confirmed_half_s} s`,
    `emergency   on ${figures.emergency_devices} devices in ${figures.emergency_fleetwide_s} s`,
    `30 days     ${figures.history_rows} changes, ${figures.history_mib} MiB: series ${figures.query_30d_series_ms} ms, ` +
      `one device ${figures.query_30d_device_ms} ms, at most ${figures.query_30d_ms_max} ms`,
    `machine     load ${figures.machine['load_before'] ?? '?'} before, ${figures.load_during} during; the crowd came ${figures.crowd_late_ms} ms late at most`,
    '',
    ...figures.goals.map(goalLine),
  ];
  if (figures.publishable) return lines;
  return [...lines, `NOT PUBLISHABLE: ${figures.publishable_obstacles.join(', ')}`];
}
