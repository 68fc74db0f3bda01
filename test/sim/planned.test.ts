/**
 * Goal: a session that leaves a link which works, because an operator asks for another one or its round trip has grown,
 * loses nothing and delivers nothing twice.
 *
 * Method: one seed of planned switches (`draw/planned.ts`), a calm world; `checkers/exactness.ts` counts. More of them:
 * `scripts/simulate --seeds 4000000001..4000000060`.
 */
import { expect, test } from 'bun:test';
import { PLANNED_SEEDS_FROM } from './draw/planned.ts';
import { run } from './run.ts';
import { drawScenario } from './scenario.ts';

/** It has both in its first seconds, and little traffic. */
const SEED = PLANNED_SEEDS_FROM + 7;
const UNTIL_MS = 42_000;
/** A busy machine is no finding. */
const PATIENCE_MS = 120_000;

test(
  'nothing is lost, nothing comes twice, and an operator and quality gave rise to switches',
  () => {
    const { options, faults, seed } = drawScenario(SEED);
    expect(options.losesNothing).toBe(true);
    const { violations, delivered, coverage } = run({
      seed,
      options: { ...options, chaosMs: UNTIL_MS },
      faults: faults.filter(({ atMs }) => atMs < UNTIL_MS),
    });
    expect(violations).toEqual([]);
    expect(delivered).toBeGreaterThan(1_000);
    const { reasons } = coverage;
    expect(reasons['device operator_rebind'] ?? 0).toBeGreaterThan(0);
    expect(reasons['device quality_rtt'] ?? 0).toBeGreaterThan(0);
    expect(reasons['device switch_committed'] ?? 0).toBeGreaterThan(1);
    expect(reasons['device heartbeat_timeout'] ?? 0).toBe(0);
  },
  PATIENCE_MS,
);
