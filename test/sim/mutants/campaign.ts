/**
 * Plants every mutant in turn and looks whether a checker notices.
 *
 * Every mutant meets the same list of seeds, so that "in 5 of 16" compares. One that none of them noticed
 * meets the scenario that it may bring along, then further seeds until one does; only after all of those it counts as survived.
 *
 * @module
 */
import { Pool, TIME_LIMIT } from '../cli/pool.ts';
import { Progress } from '../cli/progress.ts';
import { countOf, type Range, seedsOf } from '../cli/range.ts';
import { type Ran, taskOf, taskOfScenario } from '../cli/task.ts';
import type { Mutant } from './mutant.ts';
import { printHead, printRow, printTotals } from './printed.ts';

export interface Verdict {
  readonly mutant: Mutant;
  /** Of the list that everybody meets. */
  readonly seeds: number;
  readonly noticedIn: number;
  /** Which rules noticed, the most frequent first. */
  readonly checkers: readonly string[];
  /** Null: no seed shows it. */
  readonly firstSeed: number | null;
  /** Whether the scenario that it brings along was needed, and shows it. */
  readonly isByScenario: boolean;
}

export const isNoticed = ({ firstSeed, isByScenario }: Verdict) =>
  firstSeed !== null || isByScenario;

export interface CampaignFigures {
  readonly mutants: number;
  readonly killed: number;
  readonly survived: readonly string[];
  readonly seeds: number;
  readonly wall_seconds: number;
  readonly table: readonly {
    readonly id: string;
    readonly breaks: string;
    readonly should_break: string;
    readonly noticed_by: readonly string[];
    readonly noticed_in: number;
    readonly of: number;
    readonly first_seed: number | null;
    readonly by_scenario: boolean;
    /** Whether a rule of the invariant that it should break noticed, not only another one or an assertion. */
    readonly noticed_as_such: boolean;
  }[];
  /** Rules that noticed at least one mutant. */
  readonly rules: readonly string[];
}

/** A mutant may spin within one event, where no step is counted. */
const LIMIT_MS = 20_000;
/** After so many that had no end the others are not tried: each of them costs as much. */
const ENDLESS_MAX = 2;

/** What the seeds show without any bug: nothing, or they say nothing about one. */
class Baseline {
  readonly #pool: Pool;
  readonly #clean = new Map<number, Promise<boolean>>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  isClean(seed: number): Promise<boolean> {
    const known = this.#clean.get(seed);
    if (known !== undefined) return known;
    const asked = this.#pool.run(taskOf(seed)).then(({ violations }) => violations.length === 0);
    this.#clean.set(seed, asked);
    return asked;
  }
}

/** Mutants side by side, each with one worker: they last about as long as each other. */
export async function runCampaign(
  mutants: readonly Mutant[],
  { seeds, furtherLast }: { readonly seeds: Range; readonly furtherLast: number },
  workers: number,
): Promise<CampaignFigures> {
  const progress = new Progress('mutants', mutants.length);
  const waiting = [...mutants];
  const verdicts = new Map<Mutant, Verdict>();
  using pool = new Pool({ workers, mutant: null });
  const baseline = new Baseline(pool);
  const families = new Set(mutants.map(({ seedsFrom }) => seedsFrom ?? 0));
  const usedIn = new Map<number, readonly number[]>();
  for (const from of families) usedIn.set(from, await cleanOnes(baseline, shifted(seeds, from)));
  printHead();
  const lane = async () => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const from = mutant.seedsFrom ?? 0;
      const further = shifted({ first: seeds.last + 1, last: furtherLast }, from);
      const verdict = await tryMutant(mutant, usedIn.get(from) ?? [], further, baseline);
      verdicts.set(mutant, verdict);
      progress.end();
      printRow(verdict);
      progress.step(!isNoticed(verdict));
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, mutants.length) }, lane));
  progress.end();
  const inOrder = mutants.map((mutant) => verdicts.get(mutant)!);
  const figures = figuresOf(inOrder, countOf(seeds), progress.seconds);
  printTotals(figures);
  return figures;
}

const shifted = ({ first, last }: Range, by: number): Range => ({
  first: first + by,
  last: last + by,
});

async function cleanOnes(baseline: Baseline, seeds: Range): Promise<readonly number[]> {
  const clean = await Promise.all(seedsOf(seeds).map((seed) => baseline.isClean(seed)));
  const dirty = seedsOf(seeds).filter((_, at) => clean[at] !== true);
  if (dirty.length > 0) console.log(`violated without any bug, and left out: ${dirty.join(', ')}`);
  return seedsOf(seeds).filter((_, at) => clean[at] === true);
}

async function tryMutant(
  mutant: Mutant,
  seeds: readonly number[],
  further: Range,
  baseline: Baseline,
): Promise<Verdict> {
  using pool = new Pool({ workers: 1, mutant: mutant.id, limitMs: LIMIT_MS });
  const runs: Ran[] = [];
  for (const seed of seeds) {
    if (runs.filter(isEndless).length < ENDLESS_MAX) runs.push(await pool.run(taskOf(seed)));
  }
  let noticed = runs.filter(isViolated);
  const noticedIn = noticed.length;
  const { scenario } = mutant;
  if (noticedIn === 0 && scenario !== undefined) {
    noticed = [await pool.run(taskOfScenario(scenario))].filter(isViolated);
  }
  const isByScenario = noticed.length > noticedIn;
  for (let seed = further.first; noticed.length === 0 && seed <= further.last; seed++) {
    const ran = await pool.run(taskOf(seed));
    if (isViolated(ran) && (await baseline.isClean(seed))) noticed = [ran];
  }
  const checkers = checkersOf(noticed);
  const firstSeed = isByScenario ? null : (noticed[0]?.seed ?? null);
  return { mutant, seeds: runs.length, noticedIn, checkers, firstSeed, isByScenario };
}

const isEndless = ({ violations }: Ran) => violations.some(({ checker }) => checker === TIME_LIMIT);

const isViolated = ({ violations }: Ran) => violations.length > 0;

function checkersOf(noticed: readonly Ran[]): string[] {
  const runsOf = new Map<string, number>();
  for (const { violations } of noticed) {
    const names = violations.map(({ invariant, checker }) => `${invariant} ${checker}`);
    for (const name of new Set(names)) runsOf.set(name, (runsOf.get(name) ?? 0) + 1);
  }
  return [...runsOf].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([name]) => name);
}

function figuresOf(verdicts: readonly Verdict[], seeds: number, seconds: number): CampaignFigures {
  const survived = verdicts.filter((verdict) => !isNoticed(verdict));
  return {
    mutants: verdicts.length,
    killed: verdicts.length - survived.length,
    survived: survived.map(({ mutant }) => mutant.id),
    seeds,
    wall_seconds: Number(seconds.toFixed(1)),
    table: verdicts.map(({ mutant, checkers, noticedIn, seeds: of, firstSeed, isByScenario }) => ({
      id: mutant.id,
      breaks: mutant.breaks,
      should_break: mutant.invariant,
      noticed_by: checkers,
      noticed_in: noticedIn,
      of,
      first_seed: firstSeed,
      by_scenario: isByScenario,
      noticed_as_such: checkers.some((name) => name.startsWith(`${mutant.invariant} `)),
    })),
    rules: [...new Set(verdicts.flatMap(({ checkers }) => checkers))].sort(),
  };
}
