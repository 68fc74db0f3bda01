/**
 * Goal: while one link is cut and another is up, every packet that applications send comes out once, within what the
 * ring keeps; and no copy counts as a replay.
 *
 * Method: seeds of cuts (`draw/cuts.ts`), each a calm world but for its cuts; `checkers/exactness.ts` counts. More of them:
 * `scripts/simulate --seeds 1000000001..1000000200`.
 */
import { expect, test } from 'bun:test';
import { CUT_SEEDS_FROM } from './draw/cuts.ts';
import { run } from './run.ts';
import { drawScenario } from './scenario.ts';

const SEEDS = process.env['SLICE'] === undefined ? 6 : 2;
/** A busy machine is no finding. */
const PATIENCE_MS = 120_000;

test(
  `${SEEDS} seeds: nothing is lost, nothing comes twice, and both ends had to send again for it`,
  () => {
    const moments = { 'device sends again': 0, 'hub sends again': 0 };
    let delivered = 0;
    for (let seed = CUT_SEEDS_FROM + 1; seed <= CUT_SEEDS_FROM + SEEDS; seed++) {
      const scenario = drawScenario(seed);
      expect([seed, scenario.options.losesNothing]).toEqual([seed, true]);
      const outcome = run(scenario);
      expect([seed, outcome.violations]).toEqual([seed, []]);
      delivered += outcome.delivered;
      for (const name of ['device sends again', 'hub sends again'] as const) {
        moments[name] += outcome.coverage.moments[name] ?? 0;
      }
    }
    expect(delivered).toBeGreaterThan(1_000);
    expect(moments['device sends again']).toBeGreaterThan(0);
    expect(moments['hub sends again']).toBeGreaterThan(0);
  },
  PATIENCE_MS,
);
