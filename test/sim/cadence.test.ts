/**
 * Goal: where nothing goes wrong a link is asked as often as its policy says, idle and beside data, free and metered.
 *
 * Method: four runs without a fault (`CALM`), watched by `checkers/cadence.ts`. That it has something to judge there, its planted bugs
 * show (`mutants/cadence.ts`).
 */
import { expect, test } from 'bun:test';
import { CALM } from './regressions.ts';
import { run } from './run.ts';

/** A busy machine is no finding. */
const PATIENCE_MS = 120_000;

test(
  'idle and busy, free and metered',
  () => {
    for (const [name, scenario] of Object.entries(CALM)) {
      const { violations, coverage, backAfterMs } = run(scenario);
      expect([name, violations]).toEqual([name, []]);
      expect([name, coverage.reasons['device heartbeat_timeout'] ?? 0]).toEqual([name, 0]);
      expect(backAfterMs).not.toBeNull();
    }
  },
  PATIENCE_MS,
);
