/**
 * The arguments of `scripts/bench integrity`. Pure.
 *
 * @module
 */
import { parseArgs } from 'node:util';
import { outputFile } from '../../outputFile.ts';

/** In the order in which they are run. */
export const PARTS = ['tcp4', 'tcp6', 'mix'] as const;
export type Part = (typeof PARTS)[number];

export interface IntegrityArguments {
  readonly binary: string;
  readonly json: string | null;
  /** For each part, both directions together. */
  readonly gigabytes: number;
  readonly lossPercent: number;
  readonly only: readonly Part[];
  readonly seed: number;
  /** An undisturbed link was asked for, and is no failure. */
  readonly isClean: boolean;
}

const DEFAULTS = { gigabytes: 10, lossPercent: 1, seed: 1 } as const;
const MAXIMUM = { gigabytes: 1000, lossPercent: 20, seed: 2 ** 31 - 1 } as const;
/** Less does not meet enough loss to be checked. */
const GIGABYTES_MIN = 0.02;

/** @throws Error with a sentence for a person. */
export function readIntegrityArguments(argv: readonly string[]): IntegrityArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      binary: { type: 'string' },
      json: { type: 'string' },
      gigabytes: { type: 'string', default: String(DEFAULTS.gigabytes) },
      'loss-percent': { type: 'string' },
      only: { type: 'string', default: PARTS.join(',') },
      seed: { type: 'string', default: String(DEFAULTS.seed) },
      clean: { type: 'boolean', default: false },
    },
  });
  if (values.binary === undefined) throw new Error('--binary FILE is missing');
  if (values.clean && values['loss-percent'] !== undefined) {
    throw new Error('--clean injects nothing: it goes without --loss-percent');
  }
  const usualLoss = values.clean ? 0 : DEFAULTS.lossPercent;
  const seed = numberOf('--seed', values.seed, 0, MAXIMUM.seed);
  if (!Number.isInteger(seed)) throw new Error(`--seed is ${values.seed}: not a whole number`);
  return {
    binary: values.binary,
    json: outputFile('--json', values.json),
    gigabytes: numberOf('--gigabytes', values.gigabytes, GIGABYTES_MIN, MAXIMUM.gigabytes),
    lossPercent: numberOf(
      '--loss-percent',
      values['loss-percent'] ?? String(usualLoss),
      0,
      MAXIMUM.lossPercent,
    ),
    only: partsOf(values.only),
    seed,
    isClean: values.clean,
  };
}

function numberOf(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new Error(`${name} is ${text}: not a number from ${least} to ${most}`);
}

function partsOf(text: string): readonly Part[] {
  const named = text.split(',').map((name) => name.trim());
  const unknown = named.find((name) => !PARTS.some((part) => part === name));
  if (unknown !== undefined) {
    throw new Error(`no part "${unknown}"; there are ${PARTS.join(', ')}`);
  }
  return PARTS.filter((part) => named.includes(part));
}
