/**
 * The arguments of `scripts/simulate`. Pure.
 *
 * @module
 */
import { parseArgs } from 'node:util';
import { type Range, readRange } from './range.ts';

export type Job =
  | { readonly kind: 'seeds'; readonly seeds: Range }
  | { readonly kind: 'seed'; readonly seed: number }
  | { readonly kind: 'scenario'; readonly path: string }
  /** `furtherLast`: the last seed for a bug that none of `seeds` noticed. */
  | { readonly kind: 'mutants'; readonly seeds: Range; readonly furtherLast: number }
  | { readonly kind: 'canary' };

export interface Arguments {
  readonly job: Job;
  /** A bug to plant; with `mutants` the only one to try. */
  readonly mutant: string | null;
  /** Null: one a core. */
  readonly workers: number | null;
  readonly json: string | null;
  readonly hasTrace: boolean;
  readonly drawing: string | null;
}

const SEEDS_DEFAULT = '1..200';
const MUTANT_SEEDS_DEFAULT = '1..12';
/** A bug that so many runs do not notice is not noticed. Chosen. */
const FURTHER_DEFAULT = '400';
const WORKERS_MAX = 256;

const WAYS = ['seeds', 'seed', 'scenario', 'mutants', 'canary'] as const;

/** @throws Error with a sentence for a person. */
export function readArguments(argv: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      scenario: { type: 'string' },
      mutants: { type: 'boolean' },
      mutant: { type: 'string' },
      further: { type: 'string' },
      canary: { type: 'boolean' },
      workers: { type: 'string' },
      json: { type: 'string' },
      trace: { type: 'boolean', default: false },
      drawing: { type: 'string' },
    },
  });
  const asked = WAYS.filter((way) => values[way] !== undefined);
  const isCampaign = asked.length === 2 && asked.includes('seeds') && asked.includes('mutants');
  if (asked.length > 1 && !isCampaign) {
    throw new Error(`--${asked[0]} and --${asked[1]} are two different runs`);
  }
  const job = jobOf(values);
  if (job.kind !== 'mutants' && values.further !== undefined) {
    throw new Error('--further goes with --mutants');
  }
  const isSingle = job.kind === 'seed' || job.kind === 'scenario';
  if (values.trace && !isSingle) throw new Error('--trace is for one run: --seed or --scenario');
  if (values.drawing !== undefined && !isSingle) {
    throw new Error('--drawing is for one run: --seed or --scenario');
  }
  if (job.kind === 'canary' && values.mutant !== undefined) {
    throw new Error('--canary has its own bug: --mutant does not go with it');
  }
  return {
    job,
    mutant: values.mutant ?? null,
    workers: values.workers === undefined ? null : workersOf(values.workers),
    json: values.json ?? null,
    hasTrace: values.trace,
    drawing: values.drawing ?? null,
  };
}

function jobOf(values: {
  readonly seeds?: string;
  readonly seed?: string;
  readonly scenario?: string;
  readonly mutants?: boolean;
  readonly further?: string;
  readonly canary?: boolean;
}): Job {
  if (values.canary) return { kind: 'canary' };
  if (values.mutants) {
    const seeds = readRange('--seeds', values.seeds ?? MUTANT_SEEDS_DEFAULT);
    const furtherLast = readRange('--further', values.further ?? FURTHER_DEFAULT).last;
    return { kind: 'mutants', seeds, furtherLast };
  }
  if (values.scenario !== undefined) return { kind: 'scenario', path: values.scenario };
  if (values.seed === undefined) {
    return { kind: 'seeds', seeds: readRange('--seeds', values.seeds ?? SEEDS_DEFAULT) };
  }
  const { first, last } = readRange('--seed', values.seed);
  if (first !== last) throw new Error('--seed takes one seed; --seeds takes several');
  return { kind: 'seed', seed: first };
}

function workersOf(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > WORKERS_MAX) {
    throw new Error(`--workers takes 1 to ${WORKERS_MAX}, not "${text}"`);
  }
  return count;
}
