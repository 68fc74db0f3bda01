/**
 * An emergency over a policy: of each field that it names, the tighter of the two values.
 *
 * One emergency is for a whole fleet, whose devices follow different policies: where a policy is tighter already, it stays. So
 * nothing is ever loosened, whatever the document says.
 *
 * @module
 */
import { tighten } from '../emergency.ts';
import { camelCase } from '../field.ts';
import type { Problem } from '../problem.ts';
import { type Policy, TUNABLE } from '../schema.ts';
import type { Overrides } from './body.ts';

type Table = Readonly<Record<string, unknown>>;

/** The policy under these overrides, or what is wrong where the two together break a rule between fields. */
export function underEmergency(
  policy: Policy,
  overrides: Overrides,
): { readonly policy: Policy } | { readonly problems: readonly Problem[] } {
  const tightened = tighten(policy, { expiresAt: null, overrides: tighterOnes(policy, overrides) });
  return tightened.refused.length > 0
    ? { problems: tightened.refused }
    : { policy: tightened.policy };
}

function tighterOnes(policy: Policy, overrides: Overrides): Overrides {
  const kept: Record<string, Record<string, unknown>> = {};
  for (const [section, table] of Object.entries(TUNABLE)) {
    if (table.kind !== 'table' || !Object.hasOwn(overrides, section)) continue;
    const wanted = overrides[section as keyof Overrides] as Table;
    const own = policy[section as keyof Policy] as unknown as Table;
    const entries = Object.entries(table.fields).flatMap(([name, field]) => {
      if (!('tighten' in field)) return [];
      const key = camelCase(name);
      const [value, base] = [wanted[key], own[key]];
      const isTighter =
        typeof value === 'number' &&
        typeof base === 'number' &&
        (field.tighten === 'lower' ? value < base : value > base);
      return [[key, isTighter ? value : null] as const];
    });
    kept[section] = Object.fromEntries(entries);
  }
  // The sections and keys are those of the overrides; values are theirs or null.
  return kept as unknown as Overrides;
}
