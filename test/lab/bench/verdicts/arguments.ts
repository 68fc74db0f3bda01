/**
 * The arguments of `scripts/bench verdicts`. Pure.
 *
 * @module
 */
import { parseArgs } from 'node:util';
import { optionNumber } from '../../optionNumber.ts';
import { outputFile } from '../../outputFile.ts';

export interface VerdictsArguments {
  readonly binary: string;
  readonly json: string | null;
  readonly minutes: number;
  readonly seed: number;
}

/** What is promised is promised of an hour. */
export const PUBLISHABLE_MINUTES = 60;
const MINUTES_MAX = 24 * 60;

/** @throws Error with a sentence for a person. */
export function readVerdictsArguments(argv: readonly string[]): VerdictsArguments {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: { binary: text, json: text, minutes: text, seed: text },
  });
  if (values.binary === undefined) throw new Error('--binary FILE is missing');
  return {
    binary: values.binary,
    json: outputFile('--json', values.json),
    minutes: optionNumber('--minutes', values.minutes, 0.2, MINUTES_MAX) ?? PUBLISHABLE_MINUTES,
    seed: optionNumber('--seed', values.seed, 1, 2 ** 31) ?? 1,
  };
}
