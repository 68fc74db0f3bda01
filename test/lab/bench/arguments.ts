/**
 * The arguments of `scripts/bench throughput`. Pure.
 *
 * @module
 */
import { parseArgs } from 'node:util';
import { outputFile } from '../outputFile.ts';
import { CONTENDERS, type Contender, isContender } from './contender.ts';
import { LOAD_MAX } from './quiet.ts';

export interface Arguments {
  readonly binary: string;
  readonly json: string | null;
  readonly svg: string | null;
  readonly rounds: number;
  readonly seconds: number;
  readonly only: readonly Contender[];
  readonly isQuick: boolean;
}

const DEFAULTS = { rounds: 5, seconds: 4 } as const;
const QUICK = { rounds: 1, seconds: 2 } as const;
const ROUNDS_MAX = 100;
/** The ping under load takes a second less than the flow that it runs beside; 1 is for tests. */
const SECONDS_MAX = 60;
/** Fewer rounds or shorter flows are a look at this machine, not a figure. */
const PUBLISHABLE = { rounds: 3, seconds: 3 } as const;

/** @throws Error with a sentence for a person. */
export function readArguments(argv: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      binary: { type: 'string' },
      json: { type: 'string' },
      svg: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
    },
  });
  if (values.binary === undefined) throw new Error('--binary FILE is missing');
  const usual = values.quick ? QUICK : DEFAULTS;
  return {
    binary: values.binary,
    json: outputFile('--json', values.json),
    svg: outputFile('--svg', values.svg),
    rounds: countOf('--rounds', values.rounds, usual.rounds, ROUNDS_MAX),
    seconds: countOf('--seconds', values.seconds, usual.seconds, SECONDS_MAX),
    only: values.only === undefined ? CONTENDERS : contendersOf(values.only),
    isQuick: values.quick,
  };
}

/** What keeps a run with these arguments from being published, in words. */
export function obstaclesOf(
  { rounds, seconds, isQuick }: Arguments,
  { commit, load }: { readonly commit: string; readonly load: number },
): string[] {
  const found: string[] = [];
  if (isQuick) found.push('a quick look');
  if (rounds < PUBLISHABLE.rounds) found.push(`fewer than ${PUBLISHABLE.rounds} rounds`);
  if (seconds < PUBLISHABLE.seconds) found.push(`flows of less than ${PUBLISHABLE.seconds} s`);
  if (!/^[0-9a-f]{7,40}$/.test(commit)) found.push(`the source is no commit: ${commit}`);
  if (load > LOAD_MAX) found.push(`the machine was busy: load ${load} before the first round`);
  return found;
}

function countOf(name: string, text: string | undefined, usual: number, most: number): number {
  if (text === undefined) return usual;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new Error(`${name} is ${text}: not a whole number from 1 to ${most}`);
}

function contendersOf(text: string): readonly Contender[] {
  const named = text.split(',').map((name) => name.trim());
  const unknown = named.find((name) => !isContender(name));
  if (unknown !== undefined) {
    throw new Error(`no contender "${unknown}"; there are ${CONTENDERS.join(', ')}`);
  }
  return CONTENDERS.filter((name) => named.includes(name));
}
