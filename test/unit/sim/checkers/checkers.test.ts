/**
 * Goal: each rule of the simulator's checkers notices what breaks it, under the right invariant, and nothing else does.
 * Method: two small stories a rule, one that keeps it and one that does not. The names of all rules are read from the
 * sources, so that none is without stories.
 */
import { expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { CADENCE_RULES } from './cadenceRules.ts';
import { DEVICE_RULES } from './deviceRules.ts';
import { GOVERNOR_RULES } from './governorRules.ts';
import { HEARSAY_RULES } from './hearsayRules.ts';
import { LINK_RULES } from './linkRules.ts';
import { MISS_RULES } from './missRules.ts';
import { broken } from './observed.ts';
import { QUALITY_RULES } from './qualityRules.ts';
import { RESEND_RULES } from './resendRules.ts';
import { STORE_RULES } from './storeRules.ts';
import { TRIAL_RULES } from './trialRules.ts';
import { WIRE_RULES } from './wireRules.ts';

const RULES = [
  ...DEVICE_RULES,
  ...LINK_RULES,
  ...GOVERNOR_RULES,
  ...HEARSAY_RULES,
  ...MISS_RULES,
  ...CADENCE_RULES,
  ...QUALITY_RULES,
  ...RESEND_RULES,
  ...STORE_RULES,
  ...TRIAL_RULES,
  ...WIRE_RULES,
];
/** Their stories are in `tables.test.ts`. */
const TABLE_RULES = ['heldAtDevice', 'countedAtDevice', 'tablesAtHub', 'countedAtHub'];
const FOLDER = new URL('../../../sim/checkers/', import.meta.url);

for (const rule of RULES) {
  test(rule.rule, () => {
    expect(broken(rule, rule.good)).toEqual([]);
    expect(broken(rule, rule.bad)).toContain(rule.rule);
  });
}

test('every rule has its stories', () => {
  const sources = readdirSync(FOLDER).map((name) => readFileSync(new URL(name, FOLDER), 'utf8'));
  const names = sources.flatMap((source) =>
    // What is asked at the end of a run (`exactness.ts`) reports to its observer, and has no stories.
    [...source.matchAll(/(?<!observer\.)\b#?(?:report|judge|wrong)\(\s*'(\w+)'/g)].map(
      ([, name]) => name!,
    ),
  );
  const told = new Set([...RULES.map(({ rule }) => rule.split(' ')[1]!), ...TABLE_RULES]);
  expect(names.length).toBeGreaterThan(40);
  expect(names.filter((name) => !told.has(name))).toEqual([]);
  expect([...told].filter((name) => !names.includes(name))).toEqual([]);
});
