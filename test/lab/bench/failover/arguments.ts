/**
 * The arguments of `scripts/bench failover`. Pure.
 *
 * @module
 */
import { parseArgs } from 'node:util';
import { outputFile } from '../../outputFile.ts';
import { LOAD_MAX } from '../quiet.ts';
import { CLASSES, type ClassName, RTTS_MS, type RttMs } from './classes.ts';

/** `auto` takes two where that is shown not to change the figures. */
export type LanesWanted = 'auto' | 1 | 2;

export interface FailoverArguments {
  readonly binary: string;
  readonly json: string | null;
  readonly svg: string | null;
  /** Where finished rounds are kept; beside the JSON if only that is named, nowhere if neither is. */
  readonly resume: string | null;
  /** The file of finished rounds was named, and stays when the run is complete. */
  readonly keepsRounds: boolean;
  readonly rounds: number;
  readonly peerRounds: number;
  readonly controlRounds: number;
  readonly only: readonly ClassName[];
  readonly rttsMs: readonly RttMs[];
  readonly lanes: LanesWanted;
  readonly hasPeers: boolean;
  readonly seed: number;
  readonly isQuick: boolean;
}

/** Rounds of each kind in a run that may be published. */
export const DEFAULTS = { rounds: 30, peerRounds: 10, controlRounds: 10 } as const;
const QUICK = { rounds: 3, peerRounds: 2, controlRounds: 2 } as const;
const ROUNDS_MAX = 1000;
const SEED_MAX = 2 ** 31 - 1;
/** Above this the gaps of an undisturbed link hide those that are measured. */
const CONTROL_MS_MAX = 10;

/** @throws Error with a sentence for a person. */
export function readFailoverArguments(argv: readonly string[]): FailoverArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      binary: { type: 'string' },
      json: { type: 'string' },
      svg: { type: 'string' },
      resume: { type: 'string' },
      rounds: { type: 'string' },
      only: { type: 'string' },
      rtt: { type: 'string' },
      lanes: { type: 'string' },
      'no-peers': { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      quick: { type: 'boolean', default: false },
    },
  });
  if (values.binary === undefined) throw new Error('--binary FILE is missing');
  const usual = values.quick ? QUICK : DEFAULTS;
  const rounds = numberOf('--rounds', values.rounds ?? String(usual.rounds), 1, ROUNDS_MAX);
  const beside = values.json === undefined ? null : `${values.json}.rounds`;
  return {
    binary: values.binary,
    json: outputFile('--json', values.json),
    svg: outputFile('--svg', values.svg),
    resume: values.resume ?? beside,
    keepsRounds: values.resume !== undefined,
    rounds,
    peerRounds: Math.min(usual.peerRounds, rounds),
    controlRounds: Math.min(usual.controlRounds, rounds),
    only: values.only === undefined ? CLASSES : someOf('class', CLASSES, values.only),
    rttsMs: values.rtt === undefined ? RTTS_MS : rttsOf(values.rtt),
    lanes: lanesOf(values.lanes ?? (values.quick ? '1' : 'auto')),
    hasPeers: !values['no-peers'],
    seed: numberOf('--seed', values.seed, 0, SEED_MAX),
    isQuick: values.quick,
  };
}

export interface RunFacts {
  readonly commit: string;
  readonly load: number;
  /** The longest of all gaps without a cut; null if none was measured. */
  readonly controlGapMsP95: number | null;
  readonly failed: number;
  /** Peers that this machine cannot run. */
  readonly absent: readonly string[];
}

/** What keeps a run from being published, in words. */
export function failoverObstaclesOf(given: FailoverArguments, facts: RunFacts): string[] {
  const found: string[] = [];
  if (given.isQuick) found.push('a quick look');
  if (given.rounds < DEFAULTS.rounds) found.push(`fewer than ${DEFAULTS.rounds} rounds a class`);
  if (given.only.length < CLASSES.length) found.push('not every class');
  if (given.rttsMs.length < RTTS_MS.length) found.push('not every round trip');
  if (given.lanes === 2) found.push('two lanes without a comparison');
  if (!given.hasPeers) found.push('without peers');
  if (facts.absent.length > 0) found.push(`without ${facts.absent.join(' and ')}`);
  if (!/^[0-9a-f]{7,40}$/.test(facts.commit)) {
    found.push(`the source is no commit: ${facts.commit}`);
  }
  if (facts.load > LOAD_MAX) found.push(`the machine was busy: load ${facts.load} at the start`);
  if (facts.controlGapMsP95 === null) found.push('no control was measured');
  else if (facts.controlGapMsP95 > CONTROL_MS_MAX) {
    found.push(`without a cut there were gaps of ${facts.controlGapMsP95} ms (p95)`);
  }
  if (facts.failed > 0) found.push(`${facts.failed} rounds failed`);
  return found;
}

function numberOf(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most)
    return value;
  throw new Error(`${name} is ${text}: not a whole number from ${least} to ${most}`);
}

function someOf<T extends string>(what: string, all: readonly T[], text: string): readonly T[] {
  const named = text.split(',').map((name) => name.trim());
  const unknown = named.find((name) => !all.some((known) => known === name));
  if (unknown !== undefined) {
    throw new Error(`no ${what} "${unknown}"; there are ${all.join(', ')}`);
  }
  return all.filter((name) => named.includes(name));
}

function rttsOf(text: string): readonly RttMs[] {
  const named = someOf('round trip', RTTS_MS.map(String), text);
  return RTTS_MS.filter((rttMs) => named.includes(String(rttMs)));
}

function lanesOf(text: string): LanesWanted {
  if (text === 'auto') return 'auto';
  return numberOf('--lanes', text, 1, 2) as 1 | 2;
}
