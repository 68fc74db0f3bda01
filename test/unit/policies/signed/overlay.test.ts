/**
 * Goal: whatever an emergency says, no field of a policy is ever looser under it, and no other field changes.
 *
 * Method: random overrides, from the ranges of the fields, over every shipped profile.
 */
import { expect, test } from 'bun:test';
import { camelCase } from '../../../../policies/field.ts';
import { lintPolicy } from '../../../../policies/lint.ts';
import { loadPolicy, loadPolicyText } from '../../../../policies/load.ts';
import { PROFILE_NAMES, PROFILES } from '../../../../policies/profiles.ts';
import { type Policy, TUNABLE } from '../../../../policies/schema.ts';
import { bodyOfTable, type Overrides, overridesOf } from '../../../../policies/signed/body.ts';
import { underEmergency } from '../../../../policies/signed/overlay.ts';
import { isRefused } from '../../../../policies/signed/refusal.ts';
import { Random } from '../../../sim/random.ts';
import { claimsOf } from './documents.ts';

const TIGHTENED = Object.entries(TUNABLE).flatMap(([section, table]) =>
  table.kind !== 'table'
    ? []
    : Object.entries(table.fields).flatMap(([name, field]) =>
        'tighten' in field ? [{ section, name, field }] : [],
      ),
);

function overridesFrom(random: Random): Overrides {
  const tables: Record<string, Record<string, number>> = {};
  for (const { section, name, field } of TIGHTENED) {
    if (random.chance(60)) continue;
    const values = [field.min, field.max, random.between(field.min, Math.min(field.max, 100_000))];
    tables[section] = { ...tables[section], [name]: values[random.below(values.length)]! };
  }
  const checked = overridesOf(claimsOf({ kind: 'emergency', body: bodyOfTable(tables)! }));
  if (isRefused(checked)) throw new Error(checked.detail);
  return checked.overrides;
}

const numberOf = (policy: Policy, section: string, name: string) =>
  (policy as unknown as Record<string, Record<string, number>>)[section]![camelCase(name)]!;

/** The policy without the fields that an emergency may touch. */
function untouched(policy: Policy): unknown {
  const isTouched = (section: string, key: string) =>
    TIGHTENED.some((one) => one.section === section && camelCase(one.name) === key);
  return Object.entries(policy).map(([section, table]) => [
    section,
    typeof table === 'object'
      ? Object.entries(table).filter(([key]) => !isTouched(section, key))
      : table,
  ]);
}

test('nothing is looser, nothing else changes, no rule is broken', () => {
  const random = new Random(8);
  let [kept, broken] = [0, 0];
  for (const name of PROFILE_NAMES) {
    const loaded = loadPolicyText(PROFILES[name], Bun.TOML.parse);
    if (!loaded.ok) throw new Error(name);
    for (let round = 0; round < 200; round++) {
      const together = underEmergency(loaded.policy, overridesFrom(random));
      if ('problems' in together) {
        broken++;
        expect(together.problems.length).toBeGreaterThan(0);
        continue;
      }
      kept++;
      for (const { section, name: field, field: rule } of TIGHTENED) {
        const [before, after] = [
          numberOf(loaded.policy, section, field),
          numberOf(together.policy, section, field),
        ];
        expect(rule.tighten === 'lower' ? after <= before : after >= before).toBe(true);
      }
      expect(untouched(together.policy)).toEqual(untouched(loaded.policy));
      expect(lintPolicy(together.policy)).toEqual([]);
    }
  }
  expect(kept).toBeGreaterThan(50);
  expect(broken).toBeGreaterThan(50);
});

test('a policy that is tighter already stays as it is', () => {
  const loaded = loadPolicy({ switching: { max_switches_per_minute: 4 } });
  if (!loaded.ok) throw new Error('valid');
  const body = bodyOfTable({ switching: { max_switches_per_minute: 6 } })!;
  const checked = overridesOf(claimsOf({ kind: 'emergency', body }));
  if (isRefused(checked)) throw new Error(checked.detail);
  const { policy } = loaded;
  expect(underEmergency(policy, checked.overrides)).toEqual({ policy });
});
