/**
 * Goal: while the only link is silent for less than it takes to be given up, or slow, nothing is lost and nothing comes
 * twice: patience, and a claim to stay, make it good.
 *
 * Method: seeds of one link (`draw/alone.ts`), each a calm world but for its silences; all rules watch, `checkers/exactness.ts`
 * counts. More of them: `scripts/simulate --seeds 2000000001..2000000150`.
 */
import { expect, test } from 'bun:test';
import { ALONE_SEEDS_FROM } from './draw/alone.ts';
import { run } from './run.ts';
import { drawScenario } from './scenario.ts';

const SEEDS = process.env['SLICE'] === undefined ? 8 : 3;
/** A busy machine is no finding. */
const PATIENCE_MS = 120_000;

test(
  `${SEEDS} seeds: nothing is lost, nothing comes twice, and some devices claimed to stay`,
  () => {
    const moments: Record<string, number> = {};
    let [delivered, stays] = [0, 0];
    for (let seed = ALONE_SEEDS_FROM + 1; seed <= ALONE_SEEDS_FROM + SEEDS; seed++) {
      const scenario = drawScenario(seed);
      const links = scenario.options.devices.map((device) => device.links.length);
      expect([seed, scenario.options.losesNothing, links]).toEqual([seed, true, [1]]);
      const outcome = run(scenario);
      expect([seed, outcome.violations]).toEqual([seed, []]);
      delivered += outcome.delivered;
      stays += outcome.coverage.reasons['device reattach_same_transport'] ?? 0;
      for (const [name, count] of Object.entries(outcome.coverage.moments)) {
        moments[name] = (moments[name] ?? 0) + count;
      }
    }
    expect(delivered).toBeGreaterThan(1_000);
    expect(stays).toBeGreaterThan(0);
    expect(moments['hub sends again'] ?? 0).toBeGreaterThan(0);
    expect(moments['device sends again'] ?? 0).toBeGreaterThan(0);
  },
  PATIENCE_MS,
);
