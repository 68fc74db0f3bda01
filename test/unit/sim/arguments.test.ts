/** Goal: what a person types is understood, or refused with a sentence that says what is wrong. */
import { expect, test } from 'bun:test';
import { readArguments } from '../../sim/cli/arguments.ts';
import { readRange, seedsOf } from '../../sim/cli/range.ts';

test('a range is its first and last seed, and one number is a range of one', () => {
  expect(readRange('--seeds', '1..2000')).toEqual({ first: 1, last: 2_000 });
  expect(readRange('--seeds', '7')).toEqual({ first: 7, last: 7 });
  expect(seedsOf({ first: 3, last: 5 })).toEqual([3, 4, 5]);
});

test.each([
  ['', '--seeds takes A..B, not ""'],
  ['1-5', '--seeds takes A..B, not "1-5"'],
  ['-1..5', '--seeds takes A..B, not "-1..5"'],
  ['1..', '--seeds takes A..B, not "1.."'],
  ['9..1', '--seeds: 9 comes after 1'],
  ['1..4294967296', '--seeds: seeds end at 4294967295'],
  ['1..1000001', '--seeds: at most 1000000 seeds at once'],
])('%s is no range', (text, sentence) => {
  expect(() => readRange('--seeds', text)).toThrow(sentence);
});

test('without arguments two hundred seeds run; mutants have a shorter list of their own', () => {
  expect(readArguments([]).job).toEqual({ kind: 'seeds', seeds: { first: 1, last: 200 } });
  expect(readArguments(['--mutants']).job).toEqual({
    kind: 'mutants',
    seeds: { first: 1, last: 12 },
    furtherLast: 400,
  });
  expect(readArguments(['--mutants', '--seeds', '4..6', '--further', '9']).job).toEqual({
    kind: 'mutants',
    seeds: { first: 4, last: 6 },
    furtherLast: 9,
  });
});

test('one run may be traced and drawn, and any run may have a bug planted', () => {
  const given = ['--seed', '5', '--trace', '--drawing', 'a.svg', '--mutant', 'x', '--workers', '3'];
  expect(readArguments(given)).toEqual({
    job: { kind: 'seed', seed: 5 },
    mutant: 'x',
    workers: 3,
    json: null,
    hasTrace: true,
    drawing: 'a.svg',
  });
  expect(readArguments(['--scenario', 'a.json', '--json', 'b.json']).json).toBe('b.json');
});

test.each([
  [['--seed', '1', '--seeds', '1..2'], '--seeds and --seed are two different runs'],
  [['--canary', '--mutants'], '--mutants and --canary are two different runs'],
  [['--scenario', 'a', '--mutants'], '--scenario and --mutants are two different runs'],
  [['--further', '9'], '--further goes with --mutants'],
  [['--seed', '1..2'], '--seed takes one seed'],
  [['--trace'], '--trace is for one run'],
  [['--drawing', 'a.svg'], '--drawing is for one run'],
  [['--workers', '0'], '--workers takes 1 to 256, not "0"'],
  [['--workers', '2.5'], '--workers takes 1 to 256, not "2.5"'],
  [['--canary', '--mutant', 'x'], '--canary has its own bug'],
  [['--sedes', '1'], "Unknown option '--sedes'"],
  [['7'], "Unexpected argument '7'"],
] as const)('%p is refused', (argv, sentence) => {
  expect(() => readArguments(argv)).toThrow(sentence);
});
