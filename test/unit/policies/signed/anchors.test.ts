/**
 * Goal: a key is trusted as long as it should be: an older one until its successor has shown itself, a retired one never again.
 */
import { expect, test } from 'bun:test';
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

const key = (number: number) => new Uint8Array(32).fill(number);
const id = (number: number) => keyIdText(key(number));

/** Numbers of the keys that are trusted, where keys 1 and 2 are configured. */
const trusted = (rotated: Rotated) =>
  [...anchorsOf([key(1), key(2)], rotated).values()]
    .map((publicKey) => publicKey[0]!)
    .sort((a, b) => a - b);

function named(rotated: Rotated, by: number, successor: number): Rotated {
  const next = withSuccessor(rotated, id(by), key(successor));
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
  expect(withSuccessor(rotated, id(3), key(1))).toBeNull();
  expect(withSuccessor(rotated, id(2), key(1))).toBeNull();
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
  expect(withSuccessor(rotated, id(signer), key(99))).toBeNull();
});

test('no more successors wait than there is room for', () => {
  let rotated = NOT_ROTATED;
  for (let number = 0; number < SUCCESSORS_MAX; number++) {
    rotated = named(rotated, 50 + number, 60 + number);
  }
  expect(withSuccessor(rotated, id(70), key(71))).toBeNull();
});

test('a key names neither itself nor one that is named already', () => {
  expect(withSuccessor(NOT_ROTATED, id(1), key(1))).toBeNull();
  expect(withSuccessor(named(NOT_ROTATED, 1, 3), id(2), key(3))).toBeNull();
});
