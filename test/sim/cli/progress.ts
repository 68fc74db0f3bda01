/**
 * How far a run over many seeds is: one moving line on a terminal, a line every ten seconds elsewhere.
 *
 * @module
 */
const TERMINAL_EVERY_MS = 200;
const LINE_EVERY_MS = 10_000;

export class Progress {
  readonly #total: number;
  readonly #what: string;
  readonly #startedMs = performance.now();
  #saidMs = performance.now();
  #done = 0;
  #bad = 0;

  constructor(what: string, total: number) {
    this.#what = what;
    this.#total = total;
  }

  get seconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  step(isBad = false): void {
    this.#done += 1;
    if (isBad) this.#bad += 1;
    const nowMs = performance.now();
    const isTerminal = process.stderr.isTTY === true;
    if (nowMs - this.#saidMs < (isTerminal ? TERMINAL_EVERY_MS : LINE_EVERY_MS)) return;
    this.#saidMs = nowMs;
    process.stderr.write(isTerminal ? `\r\x1b[K${this.#line()}` : `${this.#line()}\n`);
  }

  /** Nothing of it stays on the terminal. */
  end(): void {
    if (process.stderr.isTTY === true) process.stderr.write('\r\x1b[K');
  }

  #line(): string {
    const { seconds } = this;
    const left = Math.round((seconds / this.#done) * (this.#total - this.#done));
    const bad = this.#bad === 0 ? '' : `, ${this.#bad} violated`;
    return `${this.#done} of ${this.#total} ${this.#what}${bad}, ${Math.round(seconds)} s, about ${left} s left`;
  }
}
