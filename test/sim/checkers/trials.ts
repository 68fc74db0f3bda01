/**
 * A document that is pushed: I8 each gets a word, that it is tried or why not, and one that had to wait for a trial gets another one behind
 * it; I4 none is tried before its time, a policy is confirmed by a session that stayed ATTACHED for half of its window within it, and none is
 * on trial for longer.
 *
 * Told from what the device says, and from what was sent to it.
 *
 * @module
 */
import { DOCUMENT_REFUSALS } from '../../../session/reasons/documents.ts';
import type { PushedDocument, Report, Said, Watch } from './watch.ts';

/** For the main thread and its flash. */
const WORD_MAX_MS = 2_000;
/** A deadline is met at the end of a turn; a confirmation that is being written counts. */
const END_SLACK_MS = 500;

interface Trial {
  readonly version: number;
  readonly sinceMs: number;
}

export class Trials implements Watch {
  readonly #report: Report;
  readonly #windowMs: number;
  /** By device, by its own clock. */
  readonly #trials = new Map<string, Trial>();
  readonly #attachedSinceMs = new Map<string, number>();
  /** By device: what has to be said by when, at the latest, by version. Time of the run. */
  readonly #owed = new Map<string, Map<number, number>>();
  /** By device: refused for a trial alone, the newest. */
  readonly #waiting = new Map<string, number>();
  readonly #early = new Map<string, Set<number>>();

  /** @param windowMs that each policy which is pushed has. */
  constructor(report: Report, windowMs: number) {
    this.#report = report;
    this.#windowMs = windowMs;
  }

  onPushed({ who, atMs, version, isEarly }: PushedDocument): void {
    this.#owe(who, version, atMs);
    if (isEarly) this.#early.set(who, new Set(this.#early.get(who)).add(version));
  }

  onSaid({ who, role, atMs, event }: Said): void {
    if (role !== 'device') return;
    const { reasonCode, detail, from, to } = event;
    if (to === 'ATTACHED' && from !== 'ATTACHED') this.#attachedSinceMs.set(who, event.atMs);
    else if (to !== null && to !== 'ATTACHED') this.#attachedSinceMs.delete(who);
    this.#checkEnd(who, event.atMs);
    const version = detail['version'];
    if (typeof version !== 'number') return;
    const isRefusal = Object.hasOwn(DOCUMENT_REFUSALS, reasonCode);
    if (reasonCode === 'policy_on_trial' || isRefusal) this.#owed.get(who)?.delete(version);
    if (reasonCode === 'push_busy') {
      this.#waiting.set(who, Math.max(version, this.#waiting.get(who) ?? 0));
    }
    if (reasonCode === 'policy_on_trial') this.#begin(who, { version, sinceMs: event.atMs });
    if (reasonCode !== 'policy_confirmed' && reasonCode !== 'policy_rolled_back') return;
    const trial = this.#trials.get(who);
    if (reasonCode === 'policy_confirmed') {
      this.#report('trialProven', who, this.#unproven(who, version, event.atMs));
    }
    if (trial?.version !== version) return;
    this.#trials.delete(who);
    const waiting = this.#waiting.get(who);
    this.#waiting.delete(who);
    if (waiting !== undefined) this.#owe(who, waiting, atMs);
  }

  onSweep(atMs: number): void {
    for (const who of this.#owed.keys()) this.#checkOwed(who, atMs);
  }

  onDeath(who: string): void {
    this.#trials.delete(who);
    this.#attachedSinceMs.delete(who);
    this.#owed.delete(who);
    this.#waiting.delete(who);
  }

  #owe(who: string, version: number, atMs: number): void {
    const owed = this.#owed.get(who) ?? new Map<number, number>();
    this.#owed.set(who, owed.set(version, atMs + WORD_MAX_MS));
  }

  #begin(who: string, trial: Trial): void {
    const isEarly = this.#early.get(who)?.has(trial.version) === true;
    const fault = `I4: version ${trial.version} is tried before its time`;
    this.#report('documentTimely', who, isEarly ? fault : null);
    this.#trials.set(who, trial);
  }

  #unproven(who: string, version: number, atMs: number): string | null {
    const trial = this.#trials.get(who);
    if (trial?.version !== version) return `I4: version ${version} is confirmed and was not tried`;
    const since = Math.max(trial.sinceMs, this.#attachedSinceMs.get(who) ?? atMs);
    const heldMs = atMs - since;
    const leastMs = this.#windowMs / 2;
    if (heldMs >= leastMs) return null;
    return `I4: version ${version} is confirmed after ${heldMs} ms of ATTACHED, and it takes ${leastMs}`;
  }

  #checkEnd(who: string, atMs: number): void {
    const trial = this.#trials.get(who);
    if (trial === undefined) return;
    const lastedMs = atMs - trial.sinceMs;
    const isLate = lastedMs > this.#windowMs + END_SLACK_MS;
    const fault = `I4: version ${trial.version} is on trial for ${lastedMs} ms of ${this.#windowMs}`;
    this.#report('trialEnds', who, isLate ? fault : null);
  }

  #checkOwed(who: string, atMs: number): void {
    const owed = this.#owed.get(who) ?? new Map<number, number>();
    const [late] = [...owed].filter(([, untilMs]) => atMs > untilMs);
    if (late !== undefined) owed.delete(late[0]);
    const fault = `I8: nothing is said of the document of version ${late?.[0]}`;
    this.#report('documentAnswered', who, late === undefined ? null : fault);
  }
}
