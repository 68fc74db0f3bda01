/**
 * A policy as TOML text or as a document that some parser made: never half loaded, every number in its
 * range, and an emergency in it only ever tightens.
 *
 * @module
 */
import { checkDocument } from '../../../policies/document.ts';
import { applyEmergency, isEmergencyActive } from '../../../policies/emergency.ts';
import { camelCase, type NumberField } from '../../../policies/field.ts';
import { linkRules } from '../../../policies/links.ts';
import { lintPolicy } from '../../../policies/lint.ts';
import { loadPolicy, loadPolicyText } from '../../../policies/load.ts';
import { POLICY_FIELDS, type Policy, TUNABLE } from '../../../policies/schema.ts';
import { judgeProblems } from '../problems.ts';
import { demand, type Target } from '../target.ts';
import { tomlOf } from '../tomlText.ts';

const text = new TextDecoder();
const bytes = new TextEncoder();

/** Begins with `{`: a document as JSON. Otherwise TOML. */
export const policy: Target = {
  name: 'policy',
  what: 'a policy, as text or as a parsed document',
  covers: ['policies/'],
  bytesMax: 4_096,
  words: [...Object.keys(POLICY_FIELDS), 'ttl_ms', 'emergency', '__proto__', 'nan', '1e400'].map(
    (word) => bytes.encode(word),
  ),
  generate(random) {
    const toml = tomlOf(POLICY_FIELDS, random, []);
    if (random.chance(70)) return bytes.encode(toml);
    try {
      return bytes.encode(JSON.stringify(Bun.TOML.parse(toml)));
    } catch {
      return bytes.encode(toml);
    }
  },
  judge(input) {
    const given = text.decode(input);
    const loaded = given.startsWith('{')
      ? loadPolicy(parsed(given))
      : loadPolicyText(given, Bun.TOML.parse);
    if (!loaded.ok) {
      judgeProblems(loaded.problems);
      return 'refused';
    }
    judgePolicy(loaded.policy);
    return 'accepted';
  },
};

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function judgePolicy(loaded: Policy): void {
  demand(lintPolicy(loaded).length === 0, 'what is loaded breaks no rule');
  judgeNumbers(loaded);
  for (const name of ['eth0', 'constructor', '__proto__', 'wwan0']) {
    const { preference, costClass } = linkRules(loaded.links, name, 'lte');
    demand(Number.isInteger(preference), 'every link has a preference');
    demand(['free', 'metered', 'never'].includes(costClass), 'every link has a cost');
  }
  const during = applyEmergency(loaded, loaded.emergency, 0);
  demand(during.refused.length === 0, 'an emergency that is accepted can be applied');
  demand(lintPolicy(during.policy).length === 0, 'an emergency breaks no rule');
  judgeNumbers(during.policy);
  judgeTightened(loaded, during.policy);
  const after = applyEmergency(loaded, loaded.emergency, Number.MAX_SAFE_INTEGER);
  demand(after.policy === loaded, 'an emergency ends');
  demand(!isEmergencyActive(loaded.emergency, Number.MAX_SAFE_INTEGER), 'and is over then');
}

function* numbers(): Generator<readonly [section: string, key: string, field: NumberField]> {
  for (const [section, table] of Object.entries(TUNABLE)) {
    if (table.kind !== 'table') continue;
    for (const [key, field] of Object.entries(table.fields)) {
      if (field.kind === 'integer' || field.kind === 'number') {
        yield [section, camelCase(key), field as NumberField];
      }
    }
  }
}

const valueIn = (loaded: Policy, section: string, key: string) =>
  (loaded as unknown as Record<string, Record<string, number | null>>)[section]?.[key];

function judgeNumbers(loaded: Policy): void {
  for (const [section, key, field] of numbers()) {
    const value = valueIn(loaded, section, key);
    if (value === null && field.default === null) continue;
    demand(typeof value === 'number', `${section}.${key} is a number`);
    demand(value >= field.min && value <= field.max, `${section}.${key} is in its range`);
    demand(field.kind !== 'integer' || Number.isInteger(value), `${section}.${key} is whole`);
  }
}

function judgeTightened(before: Policy, after: Policy): void {
  for (const [section, key, field] of numbers()) {
    const [was, is] = [valueIn(before, section, key), valueIn(after, section, key)];
    if (was === is) continue;
    demand(field.tighten !== undefined, `${section}.${key} is not an emergency's to move`);
    // Null is "no limit": anything is tighter.
    if (typeof was !== 'number') continue;
    const isTighter = field.tighten === 'lower' ? is! < was : is! > was;
    demand(typeof is === 'number' && isTighter, `${section}.${key} was only tightened`);
  }
}

demand(checkDocument({}, POLICY_FIELDS).ok, 'the empty policy is one');
