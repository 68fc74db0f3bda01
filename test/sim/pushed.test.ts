/**
 * Goal: whatever becomes of policies that are pushed, the device follows none that is older than one that proved itself, nothing that is
 * not on flash, and everybody is back in the end (I4).
 *
 * Method: seeds of pushes (`draw/pushed.ts`) through the staging and store of the agent; `checkers/policies.ts` asks. More of them:
 * `scripts/simulate --seeds 4100000001..4100000200`.
 */
import { expect, test } from 'bun:test';
import { PUSHED_SEEDS_FROM } from './draw/pushed.ts';
import { run } from './run.ts';
import { drawScenario } from './scenario.ts';

const SEEDS = process.env['SLICE'] === undefined ? 6 : 3;
/** A busy machine is no finding. */
const PATIENCE_MS = 120_000;

test(
  `${SEEDS} seeds: policies are confirmed and rolled back, and no rule is broken`,
  () => {
    const seen: Record<string, number> = {};
    for (let seed = PUSHED_SEEDS_FROM + 1; seed <= PUSHED_SEEDS_FROM + SEEDS; seed++) {
      const { violations, coverage } = run(drawScenario(seed));
      expect([seed, violations]).toEqual([seed, []]);
      for (const [reason, count] of Object.entries(coverage.reasons)) {
        seen[reason] = (seen[reason] ?? 0) + count;
      }
    }
    const counts = ['policy_confirmed', 'policy_rolled_back'].map((code) => seen[`device ${code}`]);
    expect(Math.min(...counts.map((count = 0) => count))).toBeGreaterThanOrEqual(SEEDS / 2);
  },
  PATIENCE_MS,
);
