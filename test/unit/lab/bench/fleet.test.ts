import { expect, test } from 'bun:test';
import { fleetObstaclesOf, readFleetArguments } from '../../../lab/bench/fleet/arguments.ts';
import {
  type FleetMeasured,
  fleetFiguresOf,
  fleetTable,
} from '../../../lab/bench/fleet/figures.ts';

const read = (...argv: string[]) => readFleetArguments(['--binary', 'jvpn', ...argv]);

test('arguments: defaults, bounds, and no more connections than devices', () => {
  expect(read()).toEqual({
    ...{ binary: 'jvpn', json: null, devices: 10_000, connections: 2_000, seconds: 60 },
    historyRows: 3_000_000,
  });
  expect(read('--devices', '100', '--connections', '500')).toMatchObject({ connections: 100 });
  expect(() => readFleetArguments([])).toThrow('--binary');
  for (const [option, value] of [
    ...[
      ['--devices', '9'] as const,
      ['--devices', '20001'] as const,
      ['--devices', '10.5'] as const,
    ],
    ...[['--seconds', '0'] as const, ['--connections', '0'] as const],
  ]) {
    expect(() => read(option, value)).toThrow(option);
  }
});

test('a smaller fleet, a shorter look and a busy machine are said', () => {
  expect(fleetObstaclesOf(read(), 0.2)).toEqual([]);
  expect(fleetObstaclesOf(read('--devices', '500', '--seconds', '5'), 3)).toEqual([
    'devices 500 of 10000',
    'seconds 5 of 60',
    'the machine was busy: load 3 before it began',
  ]);
});

const window = { messagesPerS: 1_020, missing: 0, cpuPercent: 15, crowdLateMs: 4 };
const MEASURED: FleetMeasured = {
  given: read(),
  machine: { load_before: 0.1 },
  ...{ loadDuring: 1.2, intervalMs: 10_000, connectedS: 9 },
  ...{ alone: window, watched: { ...window, cpuPercent: 22 }, peakMib: 280 },
  paints: [100, 300, 200].map((paintMs) => ({ paintMs, listMs: 2 * paintMs })),
  updatesMs: Array.from({ length: 200 }, (_, at) => at + 1),
  storm: { devices: 990, updatesMs: [100, 900] },
  followed: { allS: 12, halfS: 6, devices: 10_000 },
  confirmed: { allS: 40, halfS: 7, devices: 10_000 },
  emergency: { allS: 8, halfS: 4, devices: 9_999 },
  history: { bytes: 2 ** 20, writtenS: 3 },
  ...{ seriesMs: [50, 60, 70], timelineMs: [20, 150, 90] },
};

test('figures: the promised ones first, and each beside its goal', () => {
  const figures = fleetFiguresOf(MEASURED);
  expect(Object.entries(figures).slice(0, 8)).toEqual([
    ['devices', 10_000],
    ['health_messages_per_s', 1_020],
    ['fleet_rss_mib', 280],
    ['fleet_cpu_percent', 15],
    ['first_paint_ms', 200],
    ['update_ms_p99', 198],
    ['policy_fleetwide_s', 12],
    ['query_30d_ms', 90],
  ]);
  expect(figures).toMatchObject({ publishable: true, reports_missing_percent: 0 });
  expect(figures.goals.every(({ isReached }) => isReached)).toBe(true);
  expect(fleetTable(figures).join('\n')).toContain('reached      query_30d_ms 90 (goal 200)');
});

test('what was not heard or not reached is no good fleet', () => {
  const followed = { allS: Number.NaN, halfS: Number.NaN, devices: 4_000 };
  const alone = { ...window, messagesPerS: 700 };
  const figures = fleetFiguresOf({ ...MEASURED, followed, alone, peakMib: 301 });
  const missed = figures.goals.flatMap(({ name, isReached }) => (isReached ? [] : [name]));
  expect(missed).toEqual([
    ...['reports_missing_percent', 'fleet_rss_mib', 'policy_fleetwide_s', 'policy_devices_missing'],
  ]);
});
