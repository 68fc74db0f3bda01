/**
 * I8 beside the governor: a better link that a rule keeps the session from is told of with the rule, once, and that is so.
 *
 * Sees what the device says, what its process knows of its links, and the policy that it follows. Which rule it is, is
 * worked out here from those (docs/protocol.md, "Choosing and bounding"); what penalties and budgets are worth is held
 * elsewhere (`penalties.ts`, `budgets.ts`).
 *
 * @module
 */
import type { Report, Said, Watch } from './watch.ts';

/** Longer than the longest pause between two looks of the device (5 s), and a look. */
const UNSAID_MAX_MS = 6_000;
/** What does not answer now is no better link. */
const FRESH_MS = 5_000;
/** Of the governor's pace are the others (`wishes.ts`). */
const RULES: readonly unknown[] = [
  'penalty_active',
  'hold_down_active',
  'budget_spent',
  'failback_on_failure',
  'failback_not_better',
  'switch_abandoned',
  'improvement_too_small',
];

export const isOfRivals = (denied: unknown): boolean => RULES.includes(denied);

/** Another link than the binding's that the device calls usable and policy does not forbid. */
export interface Rival {
  readonly transportId: number;
  readonly linkName: string;
  readonly preference: number;
  readonly hasBudget: boolean;
  readonly penaltyUntilMs: number;
  readonly answeredAtMs: number | null;
  readonly missedInRow: number;
  readonly stableSinceMs: number | null;
}

/** What a process that has a binding knows and follows; times by its monotonic clock. */
export interface Choice {
  readonly nowMs: number;
  readonly failback: 'always' | 'better' | 'on_failure';
  readonly failbackStableMs: number;
  readonly activePreference: number;
  /** ATTACHED where policy lets it be, with versions left, nothing under way, and not by an operator's choice. */
  readonly isFree: boolean;
  readonly planNotBeforeMs: number;
  readonly rivals: readonly Rival[];
}

interface Process {
  /** Of this binding, under this policy: link, wish and rule. */
  readonly said: Set<string>;
  readonly links: Set<string>;
  /** By link: since when a rule has been against it, unbroken, and unsaid. */
  readonly unsaidSinceMs: Map<string, number>;
}

export class WithheldRivals implements Watch {
  readonly #report: Report;
  readonly #choiceOf: (who: string) => Choice | null;
  readonly #processes = new Map<string, Process>();

  constructor(report: Report, choiceOf: (who: string) => Choice | null) {
    this.#report = report;
    this.#choiceOf = choiceOf;
  }

  onSaid({ who, role, event }: Said): void {
    if (role !== 'device') return;
    const { reasonCode, detail, atMs } = event;
    const { wanted, denied } = detail;
    // Its answer makes it another binding, or another matter; whether it comes nobody knows yet.
    if (reasonCode === 'policy_applied') this.#processes.delete(who);
    const process = this.#of(who);
    if (event.event === 'claim') process.said.clear();
    // By now it has come: the binding is another one, and everything is to be told again.
    if (event.event === 'switch') {
      process.links.clear();
      process.unsaidSinceMs.clear();
    }
    if (event.event !== 'notice' || reasonCode !== 'switch_denied' || !isOfRivals(denied)) return;
    const choice = this.#choiceOf(who);
    // The same turn may have ended the session: what it chose from is not known any more.
    if (choice === null) return;
    const rival = choice.rivals.find(({ transportId }) => transportId === detail['transportId']);
    const isTrue = rival && isSo(choice, rival, atMs, String(wanted), String(denied));
    const untrue = `I8: T${detail['transportId']} is said to be withheld for ${denied}, and is not`;
    this.#report('denialTrue', who, isTrue ? null : untrue);
    if (rival === undefined) return;
    const key = `${rival.linkName} ${wanted} ${denied}`;
    const again = `I8: that ${rival.linkName} is withheld for ${denied} is said again`;
    this.#report('denialOnce', who, process.said.has(key) ? again : null);
    process.said.add(key);
    process.links.add(rival.linkName);
  }

  onSweep(): void {
    for (const who of this.#processes.keys()) this.#look(who, this.#of(who));
  }

  #look(who: string, process: Process): void {
    const choice = this.#choiceOf(who);
    const unsaid = choice?.isFree === true ? withheldOf(choice) : [];
    for (const name of process.unsaidSinceMs.keys()) {
      if (!unsaid.some(({ linkName }) => linkName === name)) process.unsaidSinceMs.delete(name);
    }
    for (const { linkName } of unsaid) {
      const nowMs = choice!.nowMs;
      const sinceMs = process.unsaidSinceMs.get(linkName) ?? nowMs;
      process.unsaidSinceMs.set(linkName, sinceMs);
      const isSilent = !process.links.has(linkName) && nowMs - sinceMs > UNSAID_MAX_MS;
      const silent = `I8: ${linkName} is better and withheld for ${Math.round(nowMs - sinceMs)} ms, and no event says so`;
      this.#report('denialSaid', who, isSilent ? silent : null);
    }
  }

  onDeath(who: string): void {
    this.#processes.delete(who);
  }

  #of(who: string): Process {
    const known = this.#processes.get(who);
    if (known !== undefined) return known;
    const process = { said: new Set<string>(), links: new Set<string>(), unsaidSinceMs: new Map() };
    this.#processes.set(who, process);
    return process;
  }
}

/** Preferred links that answer, where time or the policy's failback is against them and against all that come before. */
function withheldOf(choice: Choice): readonly Rival[] {
  const { nowMs, failback, activePreference } = choice;
  const answering = choice.rivals.filter(
    ({ preference, answeredAtMs, missedInRow, stableSinceMs }) =>
      preference < activePreference &&
      stableSinceMs !== null &&
      missedInRow === 0 &&
      answeredAtMs !== null &&
      nowMs - answeredAtMs < FRESH_MS,
  );
  const isWithheld = (rival: Rival) =>
    failback === 'on_failure' ||
    rival.penaltyUntilMs > nowMs ||
    heldDownMs(choice, rival, nowMs) > 0;
  const free = answering.filter((rival) => !isWithheld(rival));
  const first = Math.min(...free.map(({ preference }) => preference));
  return answering.filter((rival) => isWithheld(rival) && rival.preference < first);
}

function isSo(
  choice: Choice,
  rival: Rival,
  nowMs: number,
  wanted: string,
  denied: string,
): boolean {
  if (rival.answeredAtMs === null || rival.missedInRow >= 2) return false;
  const isPreferred = rival.preference < choice.activePreference;
  const isFailback = wanted === 'failback';
  if (isFailback && !isPreferred) return false;
  switch (denied) {
    case 'penalty_active':
      return rival.penaltyUntilMs > nowMs;
    case 'hold_down_active':
      return isFailback && rival.stableSinceMs !== null && heldDownMs(choice, rival, nowMs) > 0;
    case 'budget_spent':
      return rival.hasBudget && wanted !== 'budget_spent';
    case 'switch_abandoned':
      return choice.planNotBeforeMs > nowMs;
    case 'failback_on_failure':
      return isFailback && choice.failback === 'on_failure';
    case 'failback_not_better':
      return isFailback && choice.failback === 'better' && heldDownMs(choice, rival, nowMs) <= 0;
    default:
      return wanted.startsWith('quality_');
  }
}

/** How much longer it has to be stable; 0 or less: long enough. */
function heldDownMs(choice: Choice, { stableSinceMs }: Rival, nowMs: number): number {
  return choice.failbackStableMs - (nowMs - (stableSinceMs ?? nowMs));
}
