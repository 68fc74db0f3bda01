import { expect, test } from 'bun:test';
import { readArguments } from '../../../lab/soak/arguments.ts';

const read = (...argv: string[]) => readArguments(['--binary', process.execPath, ...argv]);

test('an hour, seed 1 and 16 MiB if nothing is said', () => {
  const { pace, seed, bounds, json } = read();
  expect([pace.durationMs, seed, bounds.mibPerHour, json]).toEqual([3_600_000, 1, 16, null]);
  expect(pace.warmUpMs).toBe(1_200_000);
});

test('a short run goes fast and has no bound on memory', () => {
  const { pace, bounds } = read('--seconds', '45');
  expect([pace.durationMs, pace.holdMs, bounds.mibPerHour]).toEqual([45_000, [500, 2_000], null]);
  const quarter = read('--hours', '0.25', '--slope-mib', '8').bounds;
  expect([quarter.mibPerHour, quarter.aliveMibPerHour]).toEqual([null, 8]);
});

test('what makes no sense is refused', () => {
  for (const argv of [
    ['--hours', '0'],
    ['--hours', 'x'],
    ['--seed', '-1'],
    ['--slope-mib', ''],
  ]) {
    expect(() => read(...argv)).toThrow(argv[0]!);
  }
  expect(() => readArguments([])).toThrow('--binary');
  expect(() => readArguments(['--binary', '/nowhere/jvpn'])).toThrow();
});
