/**
 * Goal: whatever links, crashes, stores and copies do, no invariant breaks, and once the world is calm
 * the session carries data again.
 *
 * Method: see `run.ts`. Replay one seed with `SEED=123 bun test test/sim`; `SEEDS` says how many.
 */
import { expect, test } from 'bun:test';
import { drawOptions } from './options.ts';
import { run } from './run.ts';

const one = process.env['SEED'];
const count = Number(process.env['SEEDS'] ?? 20);
const seeds = one === undefined ? Array.from({ length: count }, (_, at) => at + 1) : [Number(one)];

for (const seed of seeds) {
  test(`seed ${seed}`, () => {
    const outcome = run(seed);
    const report = `${JSON.stringify(outcome.options)}\n${outcome.log.join('\n')}`;
    if (outcome.violations.length > 0 || !outcome.isAttached) console.log(report);
    expect(outcome.violations).toEqual([]);
    expect(outcome.isAttached).toBe(true);
  });
}

test('a seed replays bit for bit', () => {
  expect(run(7).digest).toBe(run(7).digest);
});

test('canary: a device that forgets its versions over a crash is caught', () => {
  const crashing = Array.from({ length: 12 }, (_, at) => at + 1).filter(
    (seed) => drawOptions(seed).deviceCrashes > 0,
  );
  const caught = crashing.filter((seed) =>
    run(seed, true).violations.some((violation) => violation.startsWith('I4: device used version')),
  );
  expect(crashing.length).toBeGreaterThan(0);
  expect(caught.length).toBeGreaterThan(0);
});
