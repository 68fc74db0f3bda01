/**
 * Many runs as one figure: added up in the order of their seeds, whoever ran which one when.
 *
 * @module
 */
import type { Coverage } from '../outcome.ts';
import type { Ran } from './task.ts';

type Counts = Record<string, number>;
const PARTS = ['faults', 'fates', 'states', 'reasons', 'moments'] as const;

export interface Totals {
  readonly runs: number;
  /** Runs with at least one. */
  readonly violated: number;
  readonly violations: number;
  readonly simulatedMs: number;
  readonly events: number;
  readonly commits: number;
  readonly delivered: number;
  readonly coverage: Readonly<Record<(typeof PARTS)[number], Counts>>;
  readonly hash: string;
}

export function totalsOf(runs: Iterable<Ran>): Totals {
  const inOrder = [...runs].sort((a, b) => a.seed - b.seed);
  const sum = (of: (ran: Ran) => number) => inOrder.reduce((total, ran) => total + of(ran), 0);
  return {
    runs: inOrder.length,
    violated: inOrder.filter(({ violations }) => violations.length > 0).length,
    violations: sum(({ violations }) => violations.length),
    simulatedMs: sum(({ simulatedMs }) => simulatedMs),
    events: sum(({ events }) => events),
    commits: sum(({ commits }) => commits),
    delivered: sum(({ delivered }) => delivered),
    coverage: coverageOf(inOrder.map(({ coverage }) => coverage)),
    hash: combinedHash(inOrder),
  };
}

/** Over seed and hash of every run, by seed. */
export function combinedHash(runs: Iterable<Pick<Ran, 'seed' | 'hash'>>): string {
  const hasher = new Bun.CryptoHasher('sha256');
  for (const { seed, hash } of [...runs].sort((a, b) => a.seed - b.seed)) {
    hasher.update(`${seed} ${hash}\n`);
  }
  return hasher.digest('hex').slice(0, 16);
}

function coverageOf(all: readonly Coverage[]): Totals['coverage'] {
  const sums = { faults: {}, fates: {}, states: {}, reasons: {}, moments: {} };
  for (const part of PARTS) {
    const counts: Counts = {};
    for (const coverage of all) {
      for (const [name, count] of Object.entries(coverage[part])) {
        counts[name] = (counts[name] ?? 0) + count;
      }
    }
    Object.assign(sums[part], Object.fromEntries(Object.entries(counts).sort(byCount)));
  }
  return sums;
}

const byCount = ([a, countA]: [string, number], [b, countB]: [string, number]) =>
  countB - countA || (a < b ? -1 : 1);
