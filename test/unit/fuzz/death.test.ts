/**
 * Goal: whatever a fuzzing process dies of can be repeated by the command that is printed.
 * Method: every kind of place is turned into its input and into the text that is shown.
 */
import { expect, test } from 'bun:test';
import { parseWish } from '../../fuzz/arguments.ts';
import { bytesOfHex, hexOf, readKnown } from '../../fuzz/corpus.ts';
import { inputOf, KNOWN_RUN } from '../../fuzz/engine.ts';
import { inputAt, NOT_BEGUN, placeOfKnown } from '../../fuzz/place.ts';
import { crashLines } from '../../fuzz/shown.ts';
import { TARGETS } from '../../fuzz/targets.ts';
import type { CrashReport } from '../../fuzz/work.ts';

const cbor = TARGETS.find(({ name }) => name === 'cbor')!;
const WORK = { input: null, seed: 7, grows: false };
const { regressions, corpus } = readKnown('cbor');

const crash = (run: number, hex: string | null): CrashReport => ({
  ...{ kind: 'crash', run, reason: 'the process died', stack: '', hex, originalBytes: 3 },
});
const commandsOf = (report: CrashReport) =>
  crashLines('cbor', 7, report)
    .filter((line) => line.includes('scripts/fuzz'))
    .map((line) => line.slice(line.indexOf('--')));

test('a place names its input: regressions, corpus, runs, or the one that was given', () => {
  const known = [...regressions, ...corpus];
  expect(regressions.length).toBeGreaterThan(0);
  for (const [at, input] of known.entries()) {
    expect(inputAt(cbor, WORK, placeOfKnown(at))).toEqual(input);
    expect(inputAt(cbor, { ...WORK, grows: true }, placeOfKnown(at))).toEqual(input);
  }
  expect(inputAt(cbor, WORK, 12)).toEqual(inputOf(cbor, 7, 12, corpus));
  expect(inputAt(cbor, { ...WORK, input: 'a0' }, placeOfKnown(0))).toEqual(Uint8Array.of(0xa0));
});

test('what cannot be made again is no input', () => {
  expect(inputAt(cbor, WORK, NOT_BEGUN)).toBeNull();
  expect(inputAt(cbor, { ...WORK, grows: true }, 12)).toBeNull();
  expect(inputAt(cbor, WORK, placeOfKnown(100_000))).toBeNull();
});

test('a known input is repeated by its bytes, however long it is, and parses as it is printed', () => {
  const long = 'a1'.repeat(3_000);
  for (const hex of ['a1', long]) {
    const [command = '', ...others] = commandsOf(crash(KNOWN_RUN, hex));
    expect(others).toEqual([]);
    const wish = parseWish(command.split(' '), ['cbor']);
    expect([wish.targets, hexOf(bytesOfHex(wish.input!)!)]).toEqual([['cbor'], hex]);
  }
  expect(commandsOf(crash(KNOWN_RUN, ''))).toEqual(["--target cbor --input ''"]);
  expect(commandsOf(crash(KNOWN_RUN, null))).toEqual([]);
});

test('a run is repeated by its number, and by its bytes where they are few', () => {
  const byRun = '--target cbor --seed 7 --from 12 --runs 1';
  expect(commandsOf(crash(12, 'a1'))).toEqual([byRun, '--target cbor --input a1']);
  expect(commandsOf(crash(12, 'a1'.repeat(3_000)))).toEqual([byRun]);
  expect(commandsOf(crash(12, null))).toEqual([byRun]);
});
