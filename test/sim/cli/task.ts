/**
 * What a worker is asked to run, and what it answers: plain data, because it crosses a process boundary.
 *
 * @module
 */
import type { Coverage, Outcome, TraceLine, Violation } from '../outcome.ts';
import type { Scenario } from '../scenario.ts';

export interface Task {
  /** Null: what the seed draws. */
  readonly scenario: Scenario | null;
  readonly seed: number;
  /** Whether every line of the trace comes back; else none. */
  readonly hasTrace: boolean;
}

export interface Ran {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly simulatedMs: number;
  readonly events: number;
  readonly commits: number;
  readonly delivered: number;
  /** Until everybody was back after the heal; null: not in time, or the run never got there. */
  readonly backAfterMs: number | null;
  readonly coverage: Coverage;
  readonly hash: string;
  readonly trace: readonly TraceLine[];
}

export const taskOf = (seed: number): Task => ({ scenario: null, seed, hasTrace: false });

export const taskOfScenario = (scenario: Scenario, hasTrace = false): Task => ({
  scenario,
  seed: scenario.seed,
  hasTrace,
});

export function ranOf(outcome: Outcome, hasTrace: boolean): Ran {
  const { scenario, violations, coverage, hash, ...figures } = outcome;
  const { seed } = scenario;
  const trace = hasTrace ? outcome.trace : [];
  const { simulatedMs, events, commits, delivered, backAfterMs } = figures;
  const counted = { simulatedMs, events, commits, delivered, backAfterMs };
  return { seed, violations, ...counted, coverage, hash, trace };
}

/** Of a run that never came to its end. */
export const NO_HASH = 'none';

/** The process that ran it died, or was ended because it took too long: a finding like any other. */
export function lost(seed: number, violation: Violation): Ran {
  const coverage: Coverage = { faults: {}, fates: {}, states: {}, reasons: {}, moments: {} };
  const nothing = {
    simulatedMs: 0,
    events: 0,
    commits: 0,
    delivered: 0,
    backAfterMs: null,
    coverage,
    trace: [],
  };
  return { seed, violations: [violation], hash: NO_HASH, ...nothing };
}
