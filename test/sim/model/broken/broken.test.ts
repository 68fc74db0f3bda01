/**
 * Goal: the model check would see it if a rule were missing.
 * Method: the cores are broken when they are loaded, each in one place, and the trace to the violation is as short as it was.
 * Those that take long are left to `bun test/sim/model/main.ts`; here each is at least in the source it wants to break.
 */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { BREAKAGES } from './breakages.ts';
import { runOne } from './run.ts';

const QUICK: Readonly<Record<string, number>> = {
  'a lease takes over from anybody': 4,
  'a lease that comes back takes all': 6,
  'drift without a bound': 5,
  'no epoch of one’s own': 4,
  'a swap outlives its lease': 4,
  'a release that goes on serving': 5,
  'unknown is failed': 3,
  'an answer that counts twice': 0,
  'versions from the beginning': 3,
  'the original ends when a copy is ahead': 5,
};

test.each(Object.entries(QUICK))(
  '"%s" is found in %i moves',
  async (name, moves) => {
    const breakage = BREAKAGES.find((candidate) => candidate.name === name)!;
    const { isCaught, trace, what } = await runOne(breakage);
    expect([what, isCaught]).toEqual([what, true]);
    expect(trace.length).toBe(moves);
  },
  60_000,
);

test.each(BREAKAGES.map(({ name }) => name))('"%s" is one place of a core', (name) => {
  const { file, from, to } = BREAKAGES.find((candidate) => candidate.name === name)!;
  const source = readFileSync(resolve(import.meta.dir, '../../../..', file), 'utf8');
  expect(source.split(from).length).toBe(2);
  expect(from).not.toBe(to);
});
