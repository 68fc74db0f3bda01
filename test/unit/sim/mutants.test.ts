/**
 * Goal: the table of mutants stays true while the code moves.
 * Method: every place is looked for in the sources as they are, and must be there exactly once.
 */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { type Mutant, plant } from '../../sim/mutants/mutant.ts';
import { CANARY, mutantOf, TORTURE_MUTANTS } from '../../sim/mutants/table.ts';

const ROOT = new URL('../../../', import.meta.url);

test('every place is there once, and what is planted there is something else', () => {
  const wrong = TORTURE_MUTANTS.flatMap((mutant) => {
    const source = readFileSync(new URL(mutant.file, ROOT), 'utf8');
    try {
      return plant(source, mutant) === source ? [`${mutant.id} changes nothing`] : [];
    } catch (error) {
      return [String(error)];
    }
  });
  expect(wrong).toEqual([]);
});

test('what is planted still is TypeScript', () => {
  const transpiler = new Bun.Transpiler({ loader: 'ts' });
  for (const mutant of TORTURE_MUTANTS) {
    const planted = plant(readFileSync(new URL(mutant.file, ROOT), 'utf8'), mutant);
    expect(() => transpiler.transformSync(planted), mutant.id).not.toThrow();
  }
});

test('there are enough of them, each with a name of its own, none in the simulator itself', () => {
  const ids = TORTURE_MUTANTS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThanOrEqual(40);
  expect(ids.filter((id) => !/^[a-z][a-z-]+$/.test(id))).toEqual([]);
  expect(TORTURE_MUTANTS.filter(({ file }) => file.startsWith('test/'))).toEqual([]);
  expect(mutantOf(CANARY).id).toBe(CANARY);
});

test('a place that is missing, or that occurs twice, is an error that names it', () => {
  const mutant: Mutant = {
    id: 'example',
    file: 'session/example.ts',
    find: 'a < b',
    replace: 'a <= b',
    breaks: 'A bound is off by one.',
    invariant: 'I11',
  };
  expect(plant('return a < b;', mutant)).toBe('return a <= b;');
  expect(() => plant('return a > b;', mutant)).toThrow(
    'mutant example: session/example.ts has no such place: a < b',
  );
  expect(() => plant('a < b && a < b', mutant)).toThrow('more than once');
  expect(() => mutantOf('nobody')).toThrow('there is no mutant "nobody"');
});
