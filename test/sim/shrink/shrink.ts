/**
 * Cuts a scenario down to what is needed for one violation. Bounded in runs and in time.
 *
 * What counts as the same violation: the same invariant, noticed by the same checker. The result is a
 * scenario that was run and does it, never a guess.
 *
 * @module
 */
import type { Ran } from '../cli/task.ts';
import type { Fault } from '../fault.ts';
import type { Violation } from '../outcome.ts';
import type { Scenario } from '../scenario.ts';
import { fewer } from './fewer.ts';
import { shorter, simplerOnes } from './simpler.ts';

export interface Limits {
  readonly runsMax: number;
  readonly wallMs: number;
}

export interface Shrunk {
  readonly scenario: Scenario;
  readonly violation: Violation;
  readonly runs: number;
  /** False: a limit was reached first. */
  readonly isMinimal: boolean;
}

export type RunScenario = (scenario: Scenario) => Promise<Pick<Ran, 'violations'>>;

export const isSame = (a: Violation, b: Violation) =>
  a.invariant === b.invariant && a.checker === b.checker;

/** After the violation the rest of the chaos says nothing more about it. */
const AFTER_MS = 1_000;

/**
 * @param run may be called again before it has answered; the result does not depend on which answers first.
 * @param width how many runs are worth having under way at once.
 */
export async function shrink(
  scenario: Scenario,
  violation: Violation,
  run: RunScenario,
  width: number,
  limits: Limits,
): Promise<Shrunk> {
  const hunt = new Hunt(scenario, violation, run, width, limits);
  const { chaosMs } = scenario.options;
  if (violation.atMs < chaosMs) await hunt.tryFirst([shorter(scenario, violation.atMs + AFTER_MS)]);
  for (let before = ''; before !== hunt.text && !hunt.isSpent; ) {
    before = hunt.text;
    await hunt.dropFaults();
    await hunt.simplify();
  }
  return hunt.result();
}

class Hunt {
  best: Scenario;
  #violation: Violation;
  #runs = 0;
  readonly #run: RunScenario;
  readonly #width: number;
  readonly #limits: Limits;
  readonly #startedMs = performance.now();

  constructor(
    scenario: Scenario,
    violation: Violation,
    run: RunScenario,
    width: number,
    limits: Limits,
  ) {
    this.best = scenario;
    this.#violation = violation;
    this.#run = run;
    this.#width = width;
    this.#limits = limits;
  }

  get text(): string {
    return JSON.stringify(this.best);
  }

  get isSpent(): boolean {
    const { runsMax, wallMs } = this.#limits;
    return this.#runs >= runsMax || performance.now() - this.#startedMs >= wallMs;
  }

  result(): Shrunk {
    const { best, isSpent } = this;
    return {
      scenario: best,
      violation: this.#violation,
      runs: this.#runs,
      isMinimal: !isSpent,
    };
  }

  async dropFaults(): Promise<void> {
    await fewer<Fault>(this.best.faults, async (lists) => {
      const candidates = lists.map((faults) => ({ ...this.best, faults }));
      return (await this.tryFirst(candidates)) === null ? null : this.best.faults;
    });
  }

  /** Once through all that can be simpler; what worked is asked again in its new form. */
  async simplify(): Promise<void> {
    for (let from = 0; ; ) {
      const candidates = simplerOnes(this.best).map((candidate, at) =>
        at < from ? null : candidate,
      );
      const worked = await this.tryFirst(candidates);
      if (worked === null) return;
      from = worked;
    }
  }

  /** Makes the first candidate on which it still happens the best one, and says which; a few run at once. */
  async tryFirst(candidates: readonly (Scenario | null)[]): Promise<number | null> {
    const real = candidates.flatMap((scenario, at) =>
      scenario === null ? [] : [{ scenario, at }],
    );
    for (let next = 0; next < real.length && !this.isSpent; next += this.#width) {
      const left = this.#limits.runsMax - this.#runs;
      const wave = real.slice(next, next + Math.min(this.#width, left));
      this.#runs += wave.length;
      const answers = await Promise.all(wave.map(({ scenario }) => this.#run(scenario)));
      for (const [index, { violations }] of answers.entries()) {
        const found = violations.find((one) => isSame(one, this.#violation));
        if (found === undefined) continue;
        const { scenario, at } = wave[index]!;
        this.best = scenario;
        this.#violation = found;
        return at;
      }
    }
    return null;
  }
}
