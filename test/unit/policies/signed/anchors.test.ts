/**
 * Goal: a key is trusted as long as it should be: an older one until its successor has shown itself, a retired one never again, a
 * successor no longer than what it comes from.
 */
import { describe, expect, test } from 'bun:test';
import {
  anchorsOf,
  keyIdOf,
  keyIdText,
  NOT_ROTATED,
  RETIRED_MAX,
  type Rotated,
  SUCCESSORS_MAX,
  withSigner,
  withSuccessor,
} from '../../../../policies/signed/anchors.ts';
import {
  decodePushRecord,
  encodePushRecord,
  NOTHING_PUSHED,
} from '../../../../policies/signed/record.ts';
import { Random } from '../../../sim/random.ts';

const key = (number: number) => new Uint8Array(32).fill(number);
const CONFIGURED = [key(1), key(2)];
const id = (number: number) => keyIdText(key(number));

/** Numbers of the keys that are trusted, where keys 1 and 2 are configured. */
const trusted = (rotated: Rotated, configured: readonly Uint8Array[] = CONFIGURED) =>
  [...anchorsOf(configured, rotated).values()]
    .map((publicKey) => publicKey[0]!)
    .sort((a, b) => a - b);

function named(rotated: Rotated, by: number, successor: number, more: Uint8Array[] = []): Rotated {
  const configured = [
    ...CONFIGURED,
    ...Array.from({ length: 4 }, (_, at) => key(30 + at)),
    ...more,
  ];
  const next = withSuccessor(rotated, configured, id(by), key(successor));
  if (next === null) throw new Error('refused');
  return next;
}

test('a key id is eight bytes, another one for each key', () => {
  expect(keyIdOf(key(1))).toHaveLength(8);
  expect(new Set([1, 2, 3, 4].map(id)).size).toBe(4);
});

test('a successor is trusted beside the key that named it, until it has shown itself', () => {
  const both = named(NOT_ROTATED, 1, 3);
  expect(trusted(both)).toEqual([1, 2, 3]);
  expect(trusted(withSigner(both, id(2)))).toEqual([1, 2, 3]);
  expect(trusted(withSigner(both, id(3)))).toEqual([2, 3]);
});

test('a key that was retired is not trusted again, whatever is configured or named', () => {
  const rotated = withSigner(named(NOT_ROTATED, 1, 3), id(3));
  expect(withSuccessor(rotated, CONFIGURED, id(3), key(1))).toBeNull();
  expect(withSuccessor(rotated, CONFIGURED, id(2), key(1))).toBeNull();
  expect(withSigner(rotated, id(3))).toEqual(rotated);
});

test('a second successor takes back the first, unless that has shown itself', () => {
  expect(trusted(named(named(NOT_ROTATED, 1, 3), 1, 4))).toEqual([1, 2, 4]);
  const shown = withSigner(named(NOT_ROTATED, 1, 3), id(3));
  expect(trusted(named(shown, 3, 4))).toEqual([2, 3, 4]);
});

test('what a retired key named besides goes with it', () => {
  let rotated = named(NOT_ROTATED, 1, 3);
  rotated = named(rotated, 3, 4); // 3 has not shown itself yet, and names already
  expect(trusted(rotated)).toEqual([1, 2, 3, 4]);
  expect(trusted(withSigner(rotated, id(4)))).toEqual([1, 2, 4]);
});

test('a chain of rotations needs no room but for the retired', () => {
  let rotated = NOT_ROTATED;
  let signer = 1;
  for (let next = 10; next < 10 + RETIRED_MAX; next++) {
    rotated = withSigner(named(rotated, signer, next), id(next));
    signer = next;
    expect(rotated.successors).toHaveLength(1);
  }
  expect(rotated.retired).toHaveLength(RETIRED_MAX);
  expect(withSuccessor(rotated, CONFIGURED, id(signer), key(99))).toBeNull();
});

test('no more successors wait than there is room for', () => {
  let rotated = NOT_ROTATED;
  let signer = 1;
  for (let next = 60; next < 60 + SUCCESSORS_MAX; next++) {
    rotated = named(rotated, signer, next);
    signer = next;
  }
  expect(withSuccessor(rotated, CONFIGURED, id(2), key(71))).toBeNull();
});

test('one that has shown itself takes no room from those that wait', () => {
  let rotated = NOT_ROTATED;
  const configured = Array.from({ length: SUCCESSORS_MAX }, (_, at) => key(30 + at));
  for (let at = 0; at < SUCCESSORS_MAX; at++) {
    rotated = withSigner(named(rotated, 30 + at, 40 + at), id(40 + at));
  }
  expect(trusted(rotated, configured)).toEqual([40, 41, 42, 43]);
  expect(trusted(named(rotated, 40, 50), configured)).toEqual([40, 41, 42, 43, 50]);
});

test('keys that wait to be retired are counted as if they were: what is written can be read', () => {
  let rotated = NOT_ROTATED;
  let signer = 1;
  for (let next = 10; next < 10 + RETIRED_MAX - 1; next++) {
    rotated = withSigner(named(rotated, signer, next), id(next));
    signer = next;
  }
  rotated = named(rotated, signer, 100);
  expect(withSuccessor(rotated, CONFIGURED, id(2), key(101))).toBeNull();
  expect(withSigner(rotated, id(100)).retired).toHaveLength(RETIRED_MAX);
});

test('whatever is named and shown in whatever order can be written and read', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    let rotated = NOT_ROTATED;
    for (let round = 0; round < 80; round++) {
      const signers = [...anchorsOf(CONFIGURED, rotated).keys()];
      if (signers.length === 0) throw new Error('nobody is trusted any more');
      const signer = random.pick(signers);
      rotated = withSigner(rotated, signer);
      const next = withSuccessor(rotated, CONFIGURED, signer, key(random.below(120)));
      if (random.chance(60) && next !== null) rotated = next;
      if (round % 10 !== 0) continue;
      const read = decodePushRecord(encodePushRecord({ ...NOTHING_PUSHED, rotated }, 1));
      expect([seed, read?.record.rotated]).toEqual([seed, rotated]);
    }
    expect(rotated.retired.length).toBeGreaterThan(RETIRED_MAX / 2);
  }
});

describe('a successor is trusted while the configuration has a key that it comes from', () => {
  const [first, second, third] = [[key(1)], [key(2)], [key(3)]];

  test('whether it has shown itself or not', () => {
    const waiting = named(NOT_ROTATED, 1, 3);
    expect([trusted(waiting, first), trusted(waiting, second)]).toEqual([[1, 3], [2]]);
    const shown = withSigner(waiting, id(3));
    expect([trusted(shown, first), trusted(shown, second)]).toEqual([[3], [2]]);
  });

  test('by however many rotations, and whichever of them the configuration names', () => {
    const once = withSigner(named(NOT_ROTATED, 1, 3), id(3));
    const twice = withSigner(named(once, 3, 4), id(4));
    const sets = [first, third, [key(4)], second, []];
    expect(sets.map((configured) => trusted(twice, configured))).toEqual([[4], [4], [4], [2], []]);
  });

  test('and not by one that was taken back, or by each other', () => {
    const chain = named(named(NOT_ROTATED, 1, 3), 3, 4);
    expect(trusted(chain)).toEqual([1, 2, 3, 4]);
    expect(trusted(named(chain, 1, 5))).toEqual([1, 2, 5]);
    const circle = named(named(NOT_ROTATED, 8, 9, [key(8)]), 9, 8, [key(8)]);
    expect(trusted(circle, second)).toEqual([2]);
  });

  test('what waits and comes from none needs no room once another rotation is taken', () => {
    let rotated = NOT_ROTATED;
    for (let at = 0; at < SUCCESSORS_MAX; at++) {
      rotated = named(rotated, at === 0 ? 1 : 60 + at - 1, 60 + at);
    }
    const next = withSuccessor(rotated, second, id(2), key(70));
    expect(trusted(next!, second)).toEqual([2, 70]);
  });
});

test('a key names neither itself nor one that is named already', () => {
  expect(withSuccessor(NOT_ROTATED, CONFIGURED, id(1), key(1))).toBeNull();
  expect(withSuccessor(named(NOT_ROTATED, 1, 3), CONFIGURED, id(2), key(3))).toBeNull();
});
