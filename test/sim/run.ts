/**
 * One scenario: chaos in which only safety is checked, then everything heals, then everybody must be back.
 *
 * Scenario and commit replay a run bit for bit.
 *
 * @module
 */
import type { Canary } from './canary.ts';
import { run as runLegacy } from './legacy/run.ts';
import type { Outcome } from './outcome.ts';
import type { Scenario } from './scenario.ts';

export interface Extra {
  /** Keep every line of the trace, not only the newest. */
  readonly trace?: boolean;
  readonly canary?: Canary;
}

export function run(scenario: Scenario, extra: Extra = {}): Outcome {
  return runLegacy(scenario, extra);
}
