/**
 * What a link is like, as the questions that left over it and the answers that came tell from outside.
 *
 * Every figure is a bound of what the device may have measured itself: it takes a question for lost at most two seconds
 * after it left, and one that is not lost with the round trip that it had.
 *
 * Nothing is told where frames cannot be read from outside.
 *
 * @module
 */

import { answerIn, questionIn } from './questions.ts';
import type { Arrived, Said, Sent, Watch } from './watch.ts';

/** The longest time a question has. */
export const ANSWER_MAX_MS = 2_000;
/** At the busiest cadence more than half a minute. */
const QUESTIONS_MAX = 4_096;

interface Question {
  readonly sentAtMs: number;
  answeredAtMs: number | null;
}

/** Of the questions of some time. */
export interface Figures {
  readonly asked: number;
  readonly lossPercent: number;
  /** Of the answered ones; null: there are none. */
  readonly rttMinMs: number | null;
  readonly rttMaxMs: number | null;
}

/** Questions without an answer, none behind them with one. */
export interface Row {
  readonly misses: number;
  readonly sinceMs: number | null;
  readonly lossPercent: number | null;
}

/** Questions over one transport, oldest first. */
export class Measured {
  #questions: Question[] = [];
  readonly #byId = new Map<number, Question>();
  /** The link came back, and what the device had measured before says nothing to it. */
  #backAtMs = Number.NEGATIVE_INFINITY;

  back(atMs: number): void {
    this.#backAtMs = atMs;
  }

  ask(id: number, sentAtMs: number): void {
    const question = { sentAtMs, answeredAtMs: null };
    this.#questions.push(question);
    this.#byId.set(id, question);
    if (this.#questions.length < 2 * QUESTIONS_MAX) return;
    this.#questions = this.#questions.slice(-QUESTIONS_MAX);
    const [oldest] = this.#questions;
    for (const [known, { sentAtMs: atMs }] of this.#byId) {
      if (atMs < oldest!.sentAtMs) this.#byId.delete(known);
    }
  }

  /** Copies of an answer say nothing. */
  answer(id: number, atMs: number): void {
    const question = this.#byId.get(id);
    if (question !== undefined) question.answeredAtMs ??= atMs;
  }

  /** Of what was asked after `fromMs`, until `toMs`. */
  sentIn(fromMs: number, toMs: number): Figures {
    return figuresOf(this.#since(fromMs).filter(({ sentAtMs }) => sentAtMs <= toMs));
  }

  /** Of the answers that came after `fromMs`. */
  answeredSince(fromMs: number): Figures {
    const later = this.#since(fromMs - 5 * ANSWER_MAX_MS);
    return figuresOf(later.filter(({ answeredAtMs }) => (answeredAtMs ?? fromMs) > fromMs));
  }

  /** The most that a device may measure at `atMs`: whatever has no answer counts as lost; of nothing that is known, all. */
  lossMaxPercent(atMs: number, windowMs: number): number {
    const fromMs = Math.max(atMs - windowMs, this.#backAtMs);
    // At the moment that it comes back it is asked, and that question counts.
    const recent = this.#since(Math.max(fromMs - ANSWER_MAX_MS, this.#backAtMs - 1));
    const isLost = ({ answeredAtMs }: Question) => answeredAtMs === null;
    const lost = recent.filter(isLost).length;
    const answered = recent.filter((one) => one.sentAtMs > fromMs && !isLost(one)).length;
    return recent.length === 0 ? 100 : (100 * lost) / Math.max(1, lost + answered);
  }

  /** The least, of what was asked after `fromMs`: what cannot be answered any more. */
  lossMinPercent(fromMs: number, atMs: number): number {
    const recent = this.#since(fromMs - ANSWER_MAX_MS);
    const knownFromMs = Math.max(fromMs, this.#backAtMs);
    const lost = recent.filter(
      ({ sentAtMs, answeredAtMs }) =>
        answeredAtMs === null && sentAtMs > knownFromMs && sentAtMs <= atMs - ANSWER_MAX_MS,
    ).length;
    return recent.length === 0 ? 0 : (100 * lost) / recent.length;
  }

  /**
   * Those behind the latest-sent of the answered ones, and what was lost of the last `count` before them.
   *
   * @returns a loss of null where not so many were asked after `fromMs`.
   */
  row(fromMs: number, count: number): Row {
    const later = this.#since(fromMs);
    const at = later.findLastIndex(({ answeredAtMs }) => answeredAtMs !== null);
    const before = later.slice(Math.max(0, at + 1 - count), at + 1);
    return {
      misses: later.length - at - 1,
      sinceMs: later[at + 1]?.sentAtMs ?? null,
      lossPercent: before.length < count ? null : figuresOf(before).lossPercent,
    };
  }

  /** From when on all that was asked until `toMs` was answered in `rttMaxMs`, and when `count` of it were; null: not so many. */
  goodSince(
    toMs: number,
    rttMaxMs: number,
    count: number,
  ): { readonly fromMs: number; readonly countedAtMs: number } | null {
    const decided = this.#questions.filter(({ sentAtMs }) => sentAtMs <= toMs);
    const at = decided.findLastIndex(
      ({ sentAtMs, answeredAtMs }) => answeredAtMs === null || answeredAtMs - sentAtMs > rttMaxMs,
    );
    const good = decided.slice(at + 1);
    // What was lost before them may be told so much later, and is newer to the device than they are.
    const fromMs = (good[0]?.sentAtMs ?? toMs) + ANSWER_MAX_MS;
    const counted = good.filter(({ sentAtMs }) => sentAtMs > fromMs)[count - 1];
    return counted === undefined ? null : { fromMs, countedAtMs: counted.answeredAtMs! };
  }

  #since(fromMs: number): readonly Question[] {
    let at = this.#questions.length;
    while (at > 0 && this.#questions[at - 1]!.sentAtMs > fromMs) at -= 1;
    return this.#questions.slice(at);
  }
}

function figuresOf(questions: readonly Question[]): Figures {
  const rtts = questions.flatMap(({ sentAtMs, answeredAtMs }) =>
    answeredAtMs === null ? [] : [answeredAtMs - sentAtMs],
  );
  const asked = questions.length;
  return {
    asked,
    lossPercent: asked === 0 ? 0 : (100 * (asked - rtts.length)) / asked,
    rttMinMs: rtts.length === 0 ? null : Math.min(...rtts),
    rttMaxMs: rtts.length === 0 ? null : Math.max(...rtts),
  };
}

/** Of all machines; it asks nothing itself, rules ask it. */
export class Measurements implements Watch {
  readonly #isSealed: boolean;
  /** By machine and transport. */
  readonly #links = new Map<string, Map<number, Measured>>();

  constructor(isSealed: boolean) {
    this.#isSealed = isSealed;
  }

  onSaid({ atMs, who, role, event }: Said): void {
    const { reasonCode, detail } = event;
    if (role !== 'device' || reasonCode !== 'link_changed' || detail['usable'] !== true) return;
    if (detail['why'] === 'address_changed') return;
    this.of(who, Number(detail['transportId'])).back(atMs);
  }

  onSent({ atMs, from, isUp, bytes, transportId }: Sent): void {
    const probeId = this.#isSealed || !isUp ? null : questionIn(bytes);
    if (probeId !== null) this.of(from, transportId).ask(probeId, atMs);
  }

  onArrived({ atMs, to, bytes }: Arrived): void {
    const links = this.#links.get(to);
    const probeId = this.#isSealed || links === undefined ? null : answerIn(bytes);
    if (probeId === null) return;
    for (const link of links?.values() ?? []) link.answer(probeId, atMs);
  }

  onDeath(who: string): void {
    this.#links.delete(who);
  }

  of(who: string, transportId: number): Measured {
    const links = this.#links.get(who) ?? new Map<number, Measured>();
    this.#links.set(who, links);
    const known = links.get(transportId) ?? new Measured();
    links.set(transportId, known);
    return known;
  }
}
