/**
 * Which questions of which machine are open, as seen from outside: a PROBE that left, and no answer that arrived.
 *
 * Only where frames can be read.
 *
 * @module
 */
import { answerIn, questionIn } from './questions.ts';
import type { Arrived, Sent } from './watch.ts';

/** A question older than this may have been asked in keys that are gone: its answer is none. */
const ANSWER_MAX_MS = 1_000;
const OPEN_MAX = 256;

export interface Question {
  readonly atMs: number;
  readonly transportId: number;
}

export class Questions {
  /** By machine and number, oldest first. */
  readonly #open = new Map<string, Map<number, Question>>();

  sent({ atMs, from, isUp, bytes, transportId }: Sent): void {
    const probeId = isUp ? questionIn(bytes) : null;
    if (probeId === null) return;
    const open = this.#open.get(from) ?? new Map<number, Question>();
    this.#open.set(from, open);
    open.set(probeId, { atMs, transportId });
    const [oldest] = open.keys();
    if (open.size > OPEN_MAX && oldest !== undefined) open.delete(oldest);
  }

  /** The question that it answers, for the first time and in time; null: none. */
  arrived({ atMs, to, bytes }: Arrived): Question | null {
    const probeId = answerIn(bytes);
    if (probeId === null) return null;
    const question = this.#open.get(to)?.get(probeId);
    if (question === undefined || atMs - question.atMs > ANSWER_MAX_MS) return null;
    this.#open.get(to)?.delete(probeId);
    this.proven(to, question.transportId, question.atMs);
    return question;
  }

  /** What was asked before that is no silence any more: a loss in front of an answer begins no row. */
  proven(who: string, transportId: number, beforeMs: number): void {
    const open = this.#open.get(who);
    for (const [probeId, question] of open ?? []) {
      const isOver = question.transportId === transportId && question.atMs < beforeMs;
      if (isOver) open?.delete(probeId);
    }
  }

  open(who: string): readonly Question[] {
    return [...(this.#open.get(who)?.values() ?? [])];
  }

  forget(who: string): void {
    this.#open.delete(who);
  }
}
