/**
 * The command line of `scripts/fuzz`.
 *
 * @module
 */
import { parseArgs } from 'node:util';
import { bytesOfHex } from './corpus.ts';

const RUNS_DEFAULT = 20_000;

export interface Wish {
  readonly targets: readonly string[];
  readonly runsMax: number;
  readonly millisecondsMax: number;
  readonly seed: number;
  readonly from: number;
  readonly grows: boolean;
  readonly input: string | null;
  readonly json: string | null;
  readonly isList: boolean;
}

/** @throws Error with a sentence for the operator. */
export function parseWish(argv: readonly string[], known: readonly string[]): Wish {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      target: { type: 'string' },
      runs: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
      from: { type: 'string' },
      grow: { type: 'boolean' },
      input: { type: 'string' },
      json: { type: 'string' },
      list: { type: 'boolean' },
    },
  });
  const { target, runs, seconds, input = null, json = null } = values;
  const targets = target?.split(',') ?? known;
  const unknown = targets.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`no target "${unknown}": ${known.join(', ')}`);
  if (runs !== undefined && seconds !== undefined) throw new Error('--runs or --seconds, not both');
  if (input !== null && (targets.length !== 1 || bytesOfHex(input) === null)) {
    throw new Error('--input wants one --target and bytes in hex');
  }
  const runsMax = seconds === undefined ? whole('runs', runs, RUNS_DEFAULT, 1) : 2 ** 40;
  return {
    targets,
    runsMax,
    millisecondsMax: 1_000 * whole('seconds', seconds, 86_400, 1),
    seed: whole('seed', values.seed, 1, 0, 0xffff_ffff),
    from: whole('from', values.from, 0, 0),
    grows: values.grow === true,
    input,
    json,
    isList: values.list === true,
  };
}

function whole(
  name: string,
  text: string | undefined,
  fallback: number,
  min: number,
  max = 2 ** 40,
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new Error(`--${name}: a whole number from ${min} to ${max}, not "${text}"`);
}
