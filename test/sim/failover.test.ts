/**
 * Goal: whatever links, crashes, stores and copies do, no invariant breaks, and once the world is calm
 * every session carries data again.
 *
 * Method: see `run.ts`. Replay one seed with `SEED=123 bun test test/sim`; `SEEDS` says how many.
 */
import { expect, test } from 'bun:test';
import { run } from './run.ts';
import { drawScenario } from './scenario.ts';

const one = process.env['SEED'];
const count = Number(process.env['SEEDS'] ?? 20);
const seeds = one === undefined ? Array.from({ length: count }, (_, at) => at + 1) : [Number(one)];

for (const seed of seeds) {
  test(`seed ${seed}`, () => {
    const outcome = run(drawScenario(seed));
    if (outcome.violations.length > 0) {
      const lines = outcome.trace.map((line) => JSON.stringify(line));
      console.log(`${JSON.stringify(outcome.scenario)}\n${lines.join('\n')}`);
    }
    expect(outcome.violations).toEqual([]);
  });
}

test('a seed replays bit for bit', () => {
  expect(run(drawScenario(7)).hash).toBe(run(drawScenario(7)).hash);
});

test('canary: a device that forgets its versions over a crash is caught', () => {
  const crashing = Array.from({ length: 12 }, (_, at) => drawScenario(at + 1)).filter(
    ({ faults }) => faults.some(({ kind }) => kind === 'deviceCrash'),
  );
  const caught = crashing.filter((scenario) =>
    run(scenario, { canary: 'forgetfulFlash' }).violations.some(
      ({ invariant }) => invariant === 'I4',
    ),
  );
  expect(crashing.length).toBeGreaterThan(0);
  expect(caught.length).toBeGreaterThan(0);
});
