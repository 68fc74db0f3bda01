/**
 * When everything that is retained is said again because somebody asks: each question is answered, those that come close
 * together once. Pure.
 *
 * @module
 */

export class Rebirth {
  /** When to say it; Infinity: nobody asks. */
  dueAtMs = Infinity;
  readonly #apartMs: number;
  #saidAtMs = Number.NEGATIVE_INFINITY;

  /** @param apartMs between two answers, what a connection begins with included. */
  constructor(apartMs: number) {
    this.#apartMs = apartMs;
  }

  /** @param isRetained the broker had kept the question: it is nobody's. */
  asked(isRetained: boolean, nowMs: number): void {
    if (!isRetained) this.dueAtMs = Math.max(nowMs, this.#saidAtMs + this.#apartMs);
  }

  /** It is being said, asked for or not. */
  said(nowMs: number): void {
    this.dueAtMs = Infinity;
    this.#saidAtMs = nowMs;
  }

  /** There is nobody to answer: the next connection says it all. */
  forget(): void {
    this.dueAtMs = Infinity;
  }
}
