/**
 * Goal: whatever links, crashes, clocks, flash, stores and copies do, no invariant breaks, and once the world is
 * calm every session carries data again.
 *
 * Method: see `run.ts`. Replay one seed with `SEED=123 bun test test/sim`; `SEEDS` says how many. Thousands of
 * them run in `scripts/simulate`. Two processes share them: `PART=1/2` has every other seed and what is no seed, `PART=2/2` the rest.
 */
import { expect, test } from 'bun:test';
import { divergence } from '../../session/invariants/telemetryIndependent.ts';
import { FAULT_KINDS } from './fault.ts';
import type { Outcome } from './outcome.ts';
import { REGRESSIONS } from './regressions.ts';
import { run } from './run.ts';
import { drawScenario, type Scenario } from './scenario.ts';

const one = process.env['SEED'];
const count = Number(process.env['SEEDS'] ?? 12);
/** Runs of an hour are for `scripts/simulate`. */
const isShort = ({ options }: Scenario) => options.chaosMs < 600_000;
const short = (many: number) =>
  numbers(1, 2 * many)
    .map(drawScenario)
    .filter(isShort);
const [part = 1, parts = 1] = (process.env['PART'] ?? '1/1').split('/').map(Number);
const all = one === undefined ? short(count).slice(0, count) : [drawScenario(Number(one))];
const scenarios = all.filter((_, at) => at % parts === part - 1);
/** Runs that are played with and without the outages of their broker. */
const OUTAGES = process.env['SLICE'] === '1' ? 1 : 3;
/** A busy machine is no finding. */
const PATIENCE_MS = 120_000;

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

/** What came of each seed: no run is needed twice for it. */
const played = new Map<number, Pick<Outcome, 'hash' | 'events' | 'moves'>>();

function outcomeOf(scenario: Scenario) {
  const before = played.get(scenario.seed);
  if (before !== undefined) return before;
  const { hash, events, moves } = run(scenario);
  return { hash, events, moves };
}

function hold(outcome: Outcome): void {
  if (outcome.violations.length > 0) {
    const lines = outcome.trace.map((line) => JSON.stringify(line));
    console.log(`${JSON.stringify(outcome.scenario)}\n${lines.join('\n')}`);
  }
  expect(outcome.violations).toEqual([]);
  expect(outcome.commits).toBeGreaterThan(0);
  // Whoever was revoked early may never have sent anything; of all others data has to have flown by the end.
  const { options, faults } = outcome.scenario;
  const revoked = new Set(faults.flatMap((fault) => (fault.kind === 'revoke' ? fault.device : [])));
  if (revoked.size < options.devices.length) expect(outcome.delivered).toBeGreaterThan(0);
}

for (const scenario of scenarios) {
  test(
    `seed ${scenario.seed}`,
    () => {
      const outcome = run(scenario);
      const { hash, events, moves } = outcome;
      played.set(scenario.seed, { hash, events, moves });
      hold(outcome);
    },
    PATIENCE_MS,
  );
}

if (part === 1) testOnce();

const kindOf = ({ kind }: Scenario['faults'][number]) => kind;

function testOnce(): void {
  for (const { found, scenario } of REGRESSIONS) {
    test(`once: ${found}`, () => hold(run(scenario)), PATIENCE_MS);
  }

  // Rarely drawn, because it is slow: flash, clock and hub crashes, then a silent link and a store that is away.
  for (const { found, scenario } of REGRESSIONS.slice(0, 2)) {
    const real: Scenario = { ...scenario, options: { ...scenario.options, primitives: 'real' } };
    test(`with the real ciphers: ${found}`, () => hold(run(real)), PATIENCE_MS);
  }

  test(
    'a scenario replays bit for bit, also when it was written down',
    () => {
      const scenario = drawScenario(2);
      const written: Scenario = JSON.parse(JSON.stringify(scenario));
      const { hash, events } = outcomeOf(scenario);
      expect(events).toBeGreaterThan(1_000);
      expect(run(written)).toMatchObject({ hash, events });
      expect(outcomeOf(drawScenario(4)).hash).not.toBe(hash);
    },
    PATIENCE_MS,
  );

  test('every kind of fault is drawn', () => {
    const drawn = new Set(numbers(1, 400).flatMap((seed) => drawScenario(seed).faults.map(kindOf)));
    expect(FAULT_KINDS.filter((kind) => !drawn.has(kind))).toEqual([]);
  });

  test(
    'I10: without its broker a device moves exactly as with it',
    () => {
      const hasOutage = ({ faults }: Scenario) => faults.some(({ kind }) => kind === 'broker');
      const some = short(30).filter(hasOutage).slice(0, OUTAGES);
      expect(some).toHaveLength(OUTAGES);
      for (const scenario of some) {
        const faults = scenario.faults.filter(({ kind }) => kind !== 'broker');
        const [loud, quiet] = [outcomeOf(scenario).moves, run({ ...scenario, faults }).moves];
        expect(loud.length).toBeGreaterThan(0);
        expect(divergence(quiet, loud)).toBeNull();
      }
    },
    PATIENCE_MS,
  );
}
