/**
 * The row of unanswered questions on each transport, and what was lost before it, as seen from outside.
 *
 * Never shorter than the row that the device itself counts, and never calling more lost than the device does: who judges
 * a verdict by it errs to the device's side. Only where frames can be read.
 *
 * @module
 */
import { answerIn, questionIn } from './questions.ts';
import type { Arrived, Sent } from './watch.ts';

/** A question older than this may have been asked in keys that are gone: its answer is none. */
const ANSWER_MAX_MS = 1_000;
/** Fewer than the device remembers: what it remembers besides may have been answered. */
const REMEMBERED_MAX = 400;
/** A question has no longer than this: the smoothed round trip and four times its variance, each at most the longest one. */
const TIMEOUT_RTTS = 5;
const TIMEOUT_LEAST_MS = 330;
const TIMEOUT_MOST_MS = 2_030;
/** The variance never counts for less: a question has at least that above the shortest round trip. */
const SWAY_LEAST_MS = 10;
/** So long a question has that is asked before any answer came, by a clock that drifts, whatever the round trip is found to be. */
const FIRST_TIMEOUT_MS = 298;
const OPEN_MAX = 1_024;

interface Question {
  readonly probeId: number;
  readonly atMs: number;
  isAnswered: boolean;
  /** Something else proved the way meanwhile: the device may have forgotten it. */
  isAside: boolean;
  /** No answer had come when it was asked. */
  readonly isEarly: boolean;
}

export class Row {
  /** Since the latest-sent of the answered ones, oldest first. */
  #open: Question[] = [];
  /** Those before, answered or not, oldest first. */
  #over: Question[] = [];
  #rttMinMs: number | null = null;
  #rttMaxMs = 0;
  answeredAtMs = Number.NEGATIVE_INFINITY;

  /** When the first question of the row was sent; null: none is open. */
  get sinceMs(): number | null {
    return this.#open[0]?.atMs ?? null;
  }

  /** The shortest round trip; 0: none was ever seen. */
  get rttMinMs(): number {
    return this.#rttMinMs ?? 0;
  }

  ask(probeId: number, atMs: number): void {
    const isEarly = this.#rttMinMs === null;
    this.#open.push({ probeId, atMs, isAnswered: false, isAside: false, isEarly });
    if (this.#open.length > OPEN_MAX) this.#open.shift();
  }

  answer(probeId: number, atMs: number): void {
    const question = asked(this.#open, probeId, atMs) ?? asked(this.#over, probeId, atMs);
    if (question === null) return;
    question.isAnswered = true;
    this.answeredAtMs = atMs;
    const rttMs = atMs - question.atMs;
    this.#rttMinMs = Math.min(this.#rttMinMs ?? rttMs, rttMs);
    this.#rttMaxMs = Math.max(this.#rttMaxMs, rttMs);
    if (!this.#open.includes(question)) return;
    const isBefore = (other: Question) => other.atMs < question.atMs || other === question;
    this.#over = [...this.#over, ...this.#open.filter(isBefore)].slice(-REMEMBERED_MAX);
    this.#open = this.#open.filter((other) => !isBefore(other));
  }

  /** Another proof than an answer: what is open may be no miss to the device. */
  proven(): void {
    for (const question of this.#open) question.isAside = true;
  }

  /** What was missed before a claim was answered says nothing of the binding that came of it. */
  forgive(): void {
    for (const question of [...this.#over, ...this.#open]) question.isAside = true;
  }

  /** Questions of the row that may be given up by now: so many at most are misses to the device. */
  mayBeMissed(atMs: number): readonly number[] {
    const leastMs = this.rttMinMs + SWAY_LEAST_MS - 1;
    const isAged = (one: Question) =>
      atMs - one.atMs >= (one.isEarly ? Math.min(leastMs, FIRST_TIMEOUT_MS) : leastMs);
    return this.#open.filter(isAged).map((one) => one.probeId);
  }

  /**
   * Of those before the row: how many there are, how many the device has surely given up, and how many it knows the end of: one
   * that was set aside unanswered may be nothing to it.
   */
  before(atMs: number): { readonly asked: number; readonly lost: number; readonly known: number } {
    const longestMs = Math.max(TIMEOUT_LEAST_MS, TIMEOUT_RTTS * this.#rttMaxMs);
    const untilMs = atMs - Math.min(TIMEOUT_MOST_MS, longestMs);
    const lost = this.#over.filter((one) => !one.isAnswered && !one.isAside && one.atMs < untilMs);
    const answered = this.#over.filter((one) => one.isAnswered);
    return { asked: this.#over.length, lost: lost.length, known: answered.length + lost.length };
  }
}

/** Newest first, and no further than an answer may be late: most rows have no such question. */
function asked(questions: readonly Question[], probeId: number, atMs: number): Question | null {
  for (let at = questions.length - 1; at >= 0; at -= 1) {
    const question = questions[at]!;
    if (atMs - question.atMs > ANSWER_MAX_MS) return null;
    if (question.probeId === probeId && !question.isAnswered) return question;
  }
  return null;
}

export class Rows {
  /** By machine and transport. */
  readonly #rows = new Map<string, Map<number, Row>>();

  sent({ atMs, from, isUp, bytes, transportId }: Sent): void {
    const probeId = isUp ? questionIn(bytes) : null;
    if (probeId === null) return;
    const rows = this.#rows.get(from) ?? new Map<number, Row>();
    this.#rows.set(from, rows);
    const row = rows.get(transportId) ?? new Row();
    rows.set(transportId, row);
    row.ask(probeId, atMs);
  }

  arrived({ atMs, to, bytes }: Arrived): void {
    const probeId = answerIn(bytes);
    if (probeId === null) return;
    for (const row of this.#rows.get(to)?.values() ?? []) row.answer(probeId, atMs);
  }

  of(who: string, transportId: number): Row | null {
    return this.#rows.get(who)?.get(transportId) ?? null;
  }

  /** Whatever way was proven: what is open anywhere may count no more. */
  proven(who: string): void {
    for (const row of this.#rows.get(who)?.values() ?? []) row.proven();
  }

  /** Another session, over links of which the device may remember what they were like. */
  forgive(who: string): void {
    for (const row of this.#rows.get(who)?.values() ?? []) row.forgive();
  }

  /** The transport begins anew. */
  renewed(who: string, transportId: number): void {
    this.#rows.get(who)?.delete(transportId);
  }

  forget(who: string): void {
    this.#rows.delete(who);
  }
}
