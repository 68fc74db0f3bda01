/**
 * Goal: what is left of a scenario is what its violation needs, and it was run.
 * Method: runners that decide by the scenario alone what is violated; the last of them counts runs.
 */
import { expect, test } from 'bun:test';
import type { Fault } from '../../sim/fault.ts';
import type { Violation } from '../../sim/outcome.ts';
import { drawScenario, type Scenario } from '../../sim/scenario.ts';
import { fewer } from '../../sim/shrink/fewer.ts';
import { scenarioOf, textOf } from '../../sim/shrink/file.ts';
import { shrink } from '../../sim/shrink/shrink.ts';
import { shorter, simplerOnes } from '../../sim/shrink/simpler.ts';

const LIMITS = { runsMax: 5_000, wallMs: 60_000 };
const VIOLATION: Violation = { invariant: 'I4', checker: 'example', sentence: '', atMs: 60_000 };
const OTHER: Violation = { ...VIOLATION, checker: 'another' };

const crash = (atMs: number, device = 0): Fault => ({
  atMs,
  kind: 'deviceCrash',
  device,
  flash: 'keep',
  downMs: 100,
  afterCalls: 0,
});

/** A drawn one with three devices, so that there is something to take away. */
function big(): Scenario {
  for (let seed = 1; seed < 1_000; seed++) {
    const scenario = drawScenario(seed);
    const { devices, hubs } = scenario.options;
    if (devices.length === 3 && hubs.length >= 2 && scenario.faults.length > 40) return scenario;
  }
  throw new Error('no seed draws a big scenario');
}

test('of a list the parts remain without which it does not happen', async () => {
  const all = Array.from({ length: 100 }, (_, at) => at);
  const needs = (needed: readonly number[]) => async (candidates: readonly (readonly number[])[]) =>
    candidates.find((list) => needed.every((one) => list.includes(one))) ?? null;
  expect(await fewer(all, needs([17, 42, 99]))).toEqual([17, 42, 99]);
  expect(await fewer(all, needs([3]))).toEqual([3]);
  expect(await fewer(all, needs([]))).toEqual([]);
  expect(await fewer(all, needs(all))).toEqual(all);
  expect(await fewer([], needs([]))).toEqual([]);
});

test('two crashes of one device are all that remains of a big scenario', async () => {
  const drawn = big();
  const scenario = { ...drawn, faults: [...drawn.faults, crash(30_001, 1), crash(50_002, 1)] };
  const isBad = ({ faults }: Scenario) =>
    faults.filter(({ kind, atMs }) => kind === 'deviceCrash' && [30_001, 50_002].includes(atMs))
      .length === 2;
  const violated = async (one: Scenario) => ({ violations: isBad(one) ? [VIOLATION] : [OTHER] });
  const shrunk = await shrink(scenario, VIOLATION, violated, 2, LIMITS);

  expect(shrunk.scenario.faults).toEqual([crash(30_001), crash(50_002)]);
  expect(shrunk.isMinimal).toBe(true);
  const { options } = shrunk.scenario;
  expect([options.devices.length, options.hubs.length]).toEqual([1, 1]);
  expect(options.devices[0]!.links.length).toBe(1);
  expect(options.devices[0]!.links[0]).toMatchObject({ lossPercent: 0, jitterMs: 0, delayMs: 5 });
  expect(options.traffic.gapMs).toBe(0);
  expect(options.chaosMs).toBeLessThan(65_000);
});

test('a violation that another checker noticed is another violation', async () => {
  const scenario = big();
  const run = async (one: Scenario) => ({
    violations: one.faults.length > 10 ? [VIOLATION] : [OTHER],
  });
  const { faults } = (await shrink(scenario, VIOLATION, run, 1, LIMITS)).scenario;
  expect(faults.length).toBe(11);
});

test('the result does not depend on how many run at once, nor on which answers first', async () => {
  const scenario = big();
  const needed = scenario.faults.filter((_, at) => at % 15 === 3).map(({ atMs }) => atMs);
  const bad = ({ faults }: Scenario) =>
    needed.every((atMs) => faults.some((fault) => fault.atMs === atMs));
  const late = async (one: Scenario) => {
    for (let turns = JSON.stringify(one).length % 7; turns > 0; turns--) await Promise.resolve();
    return { violations: bad(one) ? [VIOLATION] : [] };
  };
  const results = await Promise.all(
    [1, 2, 5].map((width) => shrink(scenario, VIOLATION, late, width, LIMITS)),
  );
  expect(results[1]!.scenario).toEqual(results[0]!.scenario);
  expect(results[2]!.scenario).toEqual(results[0]!.scenario);
});

test('a limit ends it, and it says so', async () => {
  let runs = 0;
  const run = async () => {
    runs += 1;
    return { violations: [] };
  };
  const scenario = big();
  const shrunk = await shrink(scenario, VIOLATION, run, 2, { runsMax: 10, wallMs: 60_000 });
  expect(shrunk).toMatchObject({ scenario, isMinimal: false, runs: 10 });
  expect(runs).toBe(10);
});

test('what is simpler is another scenario that names only machines and links that are there', () => {
  const { options, faults } = big();
  const scenario: Scenario = { seed: 1, options, faults: [...faults, crash(1, 2)] };
  for (const simpler of simplerOnes(scenario)) {
    if (simpler === null) continue;
    expect(JSON.stringify(simpler)).not.toBe(JSON.stringify(scenario));
    const { devices, hubs } = simpler.options;
    for (const fault of simpler.faults) {
      // A copy comes behind all others.
      const machines = devices.length + (fault.kind === 'deviceCrash' ? 1 : 0);
      if ('device' in fault) expect(fault.device).toBeLessThan(machines);
      if ('hub' in fault) expect(fault.hub).toBeLessThan(hubs.length);
      if ('link' in fault) {
        expect(fault.link).toBeLessThan(devices[fault.device]!.links.length);
      }
      if ('machine' in fault) {
        const { role, index } = fault.machine;
        expect(index).toBeLessThan(role === 'device' ? devices.length : hubs.length);
      }
    }
  }
  expect(shorter(scenario, options.chaosMs)).toBe(null);
  expect(shorter(scenario, 10_000)!.faults.every(({ atMs }) => atMs <= 10_000)).toBe(true);
});

test('a scenario survives its file', () => {
  const scenario = big();
  expect(scenarioOf(JSON.parse(textOf(scenario, VIOLATION)), 'a.json')).toEqual(scenario);
  expect(scenarioOf(JSON.parse(textOf({ ...scenario, faults: [] }, VIOLATION)), 'a.json')).toEqual({
    ...scenario,
    faults: [],
  });
});

test.each([
  [null, 'not an object'],
  [{ seed: 1.5 }, 'seed is not a whole number'],
  [{ seed: 1 }, 'options is not an object'],
  [{ seed: 1, options: { devices: [] } }, 'options.devices has nobody'],
  [{ seed: 1, options: { devices: [1], hubs: [1] } }, 'options.chaosMs is not a number'],
  [
    { seed: 1, options: { devices: [1], hubs: [1], chaosMs: 1 }, faults: [{ kind: 'rain' }] },
    'faults[0].kind: "rain" is none of',
  ],
  [
    { seed: 1, options: { devices: [1], hubs: [1], chaosMs: 1 }, faults: [{ kind: 'link' }] },
    'faults[0].atMs is no time',
  ],
])('a file with %j is refused', (read, sentence) => {
  expect(() => scenarioOf(read, 'a.json')).toThrow(`--scenario a.json: ${sentence}`);
});
