/**
 * Goal: the explorer sees every state up to its depth, finds what is wrong by a shortest trace, and says when there is no
 * more to see.
 * Method: worlds of numbers whose states are known.
 */
import { expect, test } from 'bun:test';
import { InvariantError } from '../../../session/assert.ts';
import { explore, type World } from './explorer.ts';
import { Interner, Pairs } from './intern.ts';

/** From n to 2n and n + 3, below 100. */
class Doubling implements World<number> {
  readonly name = 'doubling';
  readonly about = [];
  readonly #states = new Interner<{ readonly n: number }>();
  readonly bad: number;
  readonly sick: number;

  constructor(bad = -1, sick = -1) {
    this.bad = bad;
    this.sick = sick;
  }

  start() {
    return 1;
  }

  moves(n: number) {
    return [
      { label: 'double', take: () => 2 * n },
      { label: 'add', take: () => this.#throwAt(n + 3) },
    ].filter(({ label }) => (label === 'double' ? 2 * n : n + 3) < 100);
  }

  #throwAt(n: number): number {
    if (n === 97) throw new InvariantError('97 is odd');
    return n;
  }

  violation(_before: number, after: number) {
    return after === this.bad ? `${after} is bad` : null;
  }

  numberOf(n: number) {
    return this.#states.add({ n });
  }

  heal(n: number) {
    return n === this.sick ? `${n} is sick` : null;
  }
}

const options = { depthMax: 100, statesMax: 1_000, healDepthMax: 100 };

/** The same space by a plain walk. */
function reachable(): Set<number> {
  const seen = new Set([1]);
  for (const n of seen) for (const m of [2 * n, n + 3]) if (m < 97) seen.add(m);
  return seen;
}

test('every state is seen once, and the end is known', () => {
  const { states, isComplete, healed } = explore(new Doubling(), { ...options, depthMax: 4 });
  expect([isComplete, states > 10, healed < states]).toEqual([false, true, true]);
  const whole = explore(new Doubling(), options);
  expect(whole.finding?.what).toBe('asserted: 97 is odd');
  expect(reachable().has(94)).toBe(true);
});

test('what is wrong is found by a shortest trace', () => {
  // 1 4 8 16 32, and no way is shorter.
  expect(explore(new Doubling(32), options).finding).toEqual({
    what: '32 is bad',
    trace: ['add', 'double', 'double', 'double'],
  });
});

test('a state from which nothing comes good is found', () => {
  expect(explore(new Doubling(-1, 7), options).finding).toEqual({
    what: '7 is sick',
    trace: ['add', 'add'],
  });
  expect(
    explore(new Doubling(-1, 7), { ...options, healDepthMax: 1, depthMax: 2 }).finding,
  ).toBeNull();
});

test('a bound on states ends it, and it does not call itself complete', () => {
  const { states, isComplete } = explore(new Doubling(), { ...options, statesMax: 10 });
  expect([states, isComplete]).toEqual([10, false]);
});

test('equal values have one number, unequal ones never', () => {
  const interner = new Interner<{ readonly bytes: Uint8Array; readonly n: number }>();
  const one = { bytes: new Uint8Array([1, 2]), n: 1 };
  expect(interner.add(one)).toBe(0);
  expect(interner.add({ bytes: new Uint8Array([1, 2]), n: 1 })).toBe(0);
  expect(interner.add({ bytes: new Uint8Array([1, 3]), n: 1 })).toBe(1);
  expect([interner.at(0), interner.size]).toEqual([one, 2]);
  const pairs = new Pairs();
  expect([pairs.add(1, 2), pairs.add(2, 1), pairs.add(1, 2)]).toEqual([0, 1, 0]);
});
