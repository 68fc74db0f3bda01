/**
 * The loop: corpus first, then run after run, findings minimised, what reaches new code kept.
 *
 * @module
 */
import { bytesOfHex, CORPUS_BYTES_MAX, hexOf, readKnown, writeCorpus } from './corpus.ts';
import { Frontier } from './coverage.ts';
import { type Crash, inputOf, KNOWN_RUN, minimise, tryInput } from './engine.ts';
import { placeOfKnown } from './place.ts';
import type { Target } from './target.ts';
import { TARGETS } from './targets.ts';
import type { ProgressReport, Report, Work } from './work.ts';

const PROGRESS_MS = 500;

export async function fuzz(work: Work, report: (report: Report) => void): Promise<void> {
  const target = TARGETS.find(({ name }) => name === work.target);
  if (target === undefined) throw new Error(`no target ${work.target}`);
  const loop = new Loop(target, work, report);
  if (work.input !== null) await loop.once(bytesOfHex(work.input)!);
  else await loop.run();
}

class Loop {
  readonly #target: Target;
  readonly #work: Work;
  readonly #report: (report: Report) => void;
  readonly #regressions: readonly Uint8Array[];
  readonly #corpus: Uint8Array[];
  readonly #frontier: Frontier | null;
  readonly #current: Float64Array;
  readonly #startMs = performance.now();
  readonly #reasons = new Set<string>();
  #runs = 0;
  #accepted = 0;

  constructor(target: Target, work: Work, report: (report: Report) => void) {
    this.#target = target;
    this.#work = work;
    this.#report = report;
    const { regressions, corpus } = readKnown(target.name);
    this.#regressions = regressions;
    this.#corpus = corpus;
    this.#frontier = work.grows ? new Frontier(target.covers) : null;
    this.#current = new Float64Array(Bun.mmap(work.runFile).buffer, 0, 1);
  }

  async once(input: Uint8Array): Promise<void> {
    await this.#try(input, KNOWN_RUN, placeOfKnown(0));
    this.#say('done');
  }

  async run(): Promise<void> {
    const { from, runsMax, millisecondsMax, seed } = this.#work;
    const known = [...this.#regressions, ...this.#corpus];
    for (const [at, input] of known.entries()) {
      await this.#try(input, KNOWN_RUN, placeOfKnown(at));
    }
    let saidMs = performance.now();
    for (let run = from; run < from + runsMax; run++) {
      if (this.#reasons.size >= this.#work.crashesMax) break;
      const input = inputOf(this.#target, seed, run, this.#corpus);
      if (await this.#try(input, run, run)) this.#corpus.push(input);
      const nowMs = performance.now();
      if (nowMs - this.#startMs > millisecondsMax) break;
      if (nowMs - saidMs < PROGRESS_MS) continue;
      saidMs = nowMs;
      this.#say('progress');
      // Socket callbacks and finalizers get their turn.
      await Bun.sleep(0);
    }
    if (this.#frontier !== null) writeCorpus(this.#target.name, await this.#distilled());
    this.#say('done');
  }

  /** Whether it reached what nothing reached before. */
  async #try(input: Uint8Array, run: number, place: number): Promise<boolean> {
    this.#current[0] = place;
    this.#frontier?.begin();
    const { outcome, crash } = await tryInput(this.#target, input, run);
    this.#runs += 1;
    if (outcome === 'accepted') this.#accepted += 1;
    if (crash !== null) await this.#onCrash(crash);
    return crash === null && this.#frontier?.end().isNew === true;
  }

  async #onCrash(crash: Crash): Promise<void> {
    const kind = crash.reason.replace(/\d+/g, '#');
    if (this.#reasons.has(kind)) return;
    this.#reasons.add(kind);
    const { input, reason, stack } = await minimise(this.#target, crash);
    const { run } = crash;
    const originalBytes = crash.input.length;
    this.#report({ kind: 'crash', run, reason, stack, hex: hexOf(input), originalBytes });
  }

  /** The smallest inputs that together reach every block that the corpus reaches. */
  async #distilled(): Promise<Uint8Array[]> {
    const frontier = new Frontier(this.#target.covers);
    const kept: Uint8Array[] = [];
    let bytes = 0;
    let blocks = 0;
    for (const input of this.#corpus.toSorted((a, b) => a.length - b.length)) {
      frontier.begin();
      const { crash } = await tryInput(this.#target, input.slice(), KNOWN_RUN);
      frontier.end();
      if (crash !== null || frontier.blocks === blocks || input.length === 0) continue;
      if (bytes + 2 * input.length > CORPUS_BYTES_MAX) continue;
      blocks = frontier.blocks;
      bytes += 2 * input.length + 1;
      kept.push(input);
    }
    return kept;
  }

  #say(kind: ProgressReport['kind']): void {
    const frontier = this.#frontier;
    this.#report({
      kind,
      runs: this.#runs,
      elapsedMs: performance.now() - this.#startMs,
      acceptedPercent: (100 * this.#accepted) / Math.max(1, this.#runs),
      corpusInputs: this.#corpus.length,
      corpusBytes: this.#corpus.reduce((sum, { length }) => sum + length, 0),
      blocks: frontier === null ? null : { reached: frontier.blocks, total: frontier.total },
      rssBytes: process.memoryUsage.rss(),
    });
  }
}
