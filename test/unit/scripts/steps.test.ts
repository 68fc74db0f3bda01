/** Goal: each test runs in one step, and what the steps say of each other is about steps that there are. */
import { expect, test } from 'bun:test';
import { resolve } from 'node:path';
import {
  browserSteps,
  e2eSteps,
  LONG,
  longestFirst,
  PATIENT,
  SEEDED,
  simSteps,
  staticSteps,
  unitSteps,
} from '../../../scripts/steps.ts';

const ROOT = resolve(import.meta.dir, '../../..');

const ALL = [
  ...[...staticSteps(), ...unitSteps('full'), ...simSteps('full'), ...browserSteps()],
  ...[...e2eSteps(true), ...e2eSteps(false)],
];
const filesOf = (steps: typeof ALL) => steps.flatMap(({ report }) => report?.files ?? []);

test('scripts/test runs each test file once, the seeds in two processes', () => {
  const files = [...new Bun.Glob('test/**/*.test.ts').scanSync(ROOT)];
  expect(filesOf(ALL).toSorted()).toEqual([...files, SEEDED].toSorted());
  const parts = ALL.flatMap(({ env }) => env?.['PART'] ?? []);
  expect(parts).toEqual(['1/2', '2/2']);
});

test('scripts/check runs each unit test, in slices', () => {
  const short = unitSteps('short');
  expect(filesOf(short)).toEqual(filesOf(unitSteps('full')));
  expect(short.filter(({ name, env }) => name !== 'structure' && env?.['SLICE'] !== '1')).toEqual(
    [],
  );
  expect(unitSteps('full').filter(({ env }) => env !== undefined && 'SLICE' in env)).toEqual([]);
});

test('steps have names of their own, and those that are called patient or long are there', () => {
  const names = ALL.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const named = [...LONG, ...PATIENT.map((name) => `e2e/${name}`)];
  expect(named.filter((name) => !names.includes(name))).toEqual([]);
  expect(
    longestFirst(ALL)
      .slice(0, LONG.length)
      .map(({ name }) => name),
  ).toEqual(LONG);
});
