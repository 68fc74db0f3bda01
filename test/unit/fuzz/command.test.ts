/** Goal: `scripts/fuzz` says what is wrong with its arguments, and what it found. */
import { expect, test } from 'bun:test';
import { parseWish } from '../../fuzz/arguments.ts';
import { addRegression, bytesOfHex, corpusFile, hexOf } from '../../fuzz/corpus.ts';

const wish = (...argv: string[]) => parseWish(argv, ['a', 'b']);

test('defaults are all targets, a fixed number of runs and seed 1', () => {
  expect(wish()).toMatchObject({ targets: ['a', 'b'], runsMax: 20_000, seed: 1, from: 0 });
  expect(wish('--target', 'b', '--seconds', '3')).toMatchObject({
    ...{ targets: ['b'], millisecondsMax: 3_000 },
  });
});

test('wrong arguments are said', () => {
  const wrong: [string[], RegExp][] = [
    [['--target', 'c'], /no target "c": a, b/],
    [['--runs', '0'], /--runs: a whole number from 1/],
    [['--seed', '-1'], /seed/],
    [['--seed', '4294967296'], /--seed: a whole number from 0 to 4294967295/],
    [['--runs', '1', '--seconds', '1'], /not both/],
    [['--input', '00'], /one --target/],
    [['--target', 'a', '--input', '0g'], /hex/],
    [['--what'], /--what/],
  ];
  for (const [argv, sentence] of wrong) expect(() => wish(...argv)).toThrow(sentence);
});

test('hex is read as it is written, and nothing else is', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
  expect(bytesOfHex(hexOf(bytes))).toEqual(bytes);
  for (const text of ['0', 'zz', '0x00', ' 00']) expect(bytesOfHex(text)).toBeNull();
});

test('regressions are kept beside the corpus, and none is written twice', () => {
  expect(corpusFile('cbor', 'regressions')).toEndWith('test/vectors/fuzz/regressions/cbor.txt');
  const known = Buffer.from('a20064000000001b000000ff0000000062c3a4', 'hex');
  expect(addRegression('cbor', known, 'known')).toBe(false);
});
