/**
 * Goal: hubs that restart while devices have nothing to say over metered links cost no session, and each device finds out
 * long before it would have asked.
 *
 * Method: seeds of such restarts (`draw/idle.ts`); `checkers/restarts.ts` asks. More of them:
 * `scripts/simulate --seeds 3000000001..3000000200`.
 */
import { expect, test } from 'bun:test';
import { IDLE_SEEDS_FROM } from './draw/idle.ts';
import { run } from './run.ts';
import { drawScenario } from './scenario.ts';

const SEEDS = process.env['SLICE'] === undefined ? 8 : 3;
/** A busy machine is no finding. */
const PATIENCE_MS = 120_000;

test(
  `${SEEDS} seeds: every session is kept, and devices were told`,
  () => {
    let told = 0;
    for (let seed = IDLE_SEEDS_FROM + 1; seed <= IDLE_SEEDS_FROM + SEEDS; seed++) {
      const scenario = drawScenario(seed);
      expect([seed, scenario.options.keepsSessions]).toEqual([seed, true]);
      expect(scenario.faults.length).toBeGreaterThan(0);
      const { violations, coverage } = run(scenario);
      expect([seed, violations]).toEqual([seed, []]);
      told += coverage.moments['device counts unknown_channel'] ?? 0;
    }
    expect(told).toBeGreaterThanOrEqual(SEEDS);
  },
  PATIENCE_MS,
);
