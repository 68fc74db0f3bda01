/**
 * Runs one target over inputs that follow from a seed and a run's number, and nothing else: any run can
 * be made again alone.
 *
 * @module
 */
import { Random } from '../sim/random.ts';
import { mutate } from './mutate.ts';
import type { Outcome, Target } from './target.ts';

/** One input that takes longer, twice, is a finding: nothing we read from outside needs a tenth of it. */
export const RUN_MS_MAX = 2_000;
/** A slow target is minimised as far as that gets. */
const MINIMISE_MS_MAX = 20_000;
const GENERATED_PERCENT = 40;
/** Where an input is of no run: it stood in the corpus, or was given. */
export const KNOWN_RUN = -1;
const NO_WORDS: readonly Uint8Array[] = [];

export interface Crash {
  readonly input: Uint8Array;
  /** Of the run that found it, or {@link KNOWN_RUN}. */
  readonly run: number;
  /** `name: message`, the first line. */
  readonly reason: string;
  readonly stack: string;
}

/** The input of run `run`. */
export function inputOf(
  target: Target,
  seed: number,
  run: number,
  corpus: readonly Uint8Array[],
): Uint8Array {
  const random = new Random(mix(seed, run, target.name));
  const isGenerated = corpus.length === 0 || random.chance(GENERATED_PERCENT);
  const { bytesMax, words = NO_WORDS } = target;
  const start = isGenerated ? target.generate(random) : corpus[random.below(corpus.length)]!;
  const isDamaged = !isGenerated || random.chance(50);
  const input = isDamaged ? mutate(start, random, { corpus, words, bytesMax }) : start;
  return input.length > bytesMax ? input.slice(0, bytesMax) : input;
}

/** Null: the oracle had nothing to object. */
export async function tryInput(
  target: Target,
  input: Uint8Array,
  run: number,
): Promise<{ readonly outcome: Outcome | null; readonly crash: Crash | null }> {
  const kept = input.slice();
  try {
    const beforeMs = performance.now();
    const judged = target.judge(input);
    const outcome = judged instanceof Promise ? await judged : judged;
    if (performance.now() - beforeMs > RUN_MS_MAX && (await isSlow(target, kept))) {
      return { outcome, crash: crashOf(kept, run, new Error(`took more than ${RUN_MS_MAX} ms`)) };
    }
    return { outcome, crash: null };
  } catch (error) {
    return { outcome: null, crash: crashOf(kept, run, error) };
  }
}

/** Once more, in case it was the machine that was busy. */
async function isSlow(target: Target, input: Uint8Array): Promise<boolean> {
  const beforeMs = performance.now();
  await target.judge(input.slice());
  return performance.now() - beforeMs > RUN_MS_MAX;
}

function crashOf(input: Uint8Array, run: number, error: unknown): Crash {
  const isError = error instanceof Error;
  const reason = isError ? `${error.name}: ${error.message}` : String(error);
  const stack = isError ? (error.stack ?? '') : '';
  return { input, run, reason: reason.split('\n')[0]!.slice(0, 300), stack };
}

/** The smallest input found, in a bounded number of tries, at which the oracle objects in the same way. */
export async function minimise(target: Target, crash: Crash, triesMax = 4_000): Promise<Crash> {
  let best = crash;
  let tries = 0;
  const untilMs = performance.now() + MINIMISE_MS_MAX;
  const isOver = () => tries >= triesMax || performance.now() > untilMs;
  const isSame = async (input: Uint8Array) => {
    tries += 1;
    const { crash: again } = await tryInput(target, input, crash.run);
    if (again === null || kindOf(again.reason) !== kindOf(crash.reason)) return false;
    best = again;
    return true;
  };
  for (let piece = best.input.length >> 1; piece >= 1 && !isOver(); piece >>= 1) {
    for (let at = 0; at < best.input.length && !isOver(); ) {
      const shorter = [...best.input.subarray(0, at), ...best.input.subarray(at + piece)];
      if (!(await isSame(Uint8Array.from(shorter)))) at += piece;
    }
  }
  for (let at = 0; at < best.input.length && !isOver(); at++) {
    if (best.input[at] === 0) continue;
    const plainer = best.input.slice();
    plainer[at] = 0;
    await isSame(plainer);
  }
  return best;
}

/** Without the numbers and quoted texts in it, which change with the input. */
const kindOf = (reason: string) => reason.replace(/"[^"]*"|\d+/g, '#').slice(0, 80);

function mix(seed: number, run: number, name: string): number {
  let mixed = seed >>> 0;
  for (const character of name) mixed = Math.imul(mixed ^ character.charCodeAt(0), 0x01000193);
  mixed = Math.imul(mixed ^ (run >>> 0), 0x9e3779b1) ^ (mixed >>> 15);
  return (mixed + Math.floor(run / 2 ** 32)) >>> 0;
}
