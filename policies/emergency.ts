/**
 * An emergency: overrides of a policy that only tighten, and end by themselves.
 *
 * Nothing here can loosen: an override on the wrong side of the policy's own value is refused and
 * changes nothing, and overrides that together break a rule of `lint.ts` are refused together.
 *
 * Source: docs/protocol.md, "Policy"; docs/operating.md, "Emergency mode".
 *
 * @module
 */
import { camelCase } from './field.ts';
import { instantMs } from './instant.ts';
import { lintPolicy } from './lint.ts';
import { type Problem, problem } from './problem.ts';
import { type Policy, TUNABLE } from './schema.ts';

export type Emergency = Policy['emergency'];

export interface Tightened {
  readonly policy: Policy;
  /** Paths of the fields that differ from the policy now, for example `session.ttl_ms`. */
  readonly applied: readonly string[];
  readonly refused: readonly Problem[];
}

/** An override that could be applied, by its place in the policy. */
interface Override {
  readonly section: string;
  readonly key: string;
  readonly path: string;
  readonly value: number;
}

/** Whether the emergency holds at `wallMs`. A clock that is behind keeps it on, which is the safe side. */
export function isEmergencyActive(emergency: Emergency, wallMs: number): boolean {
  const endsAtMs = emergency.expiresAt === null ? null : instantMs(emergency.expiresAt);
  return endsAtMs !== null && wallMs < endsAtMs;
}

/** The policy as it holds at `wallMs` (wall clock): itself, or tightened. */
export function applyEmergency(policy: Policy, emergency: Emergency, wallMs: number): Tightened {
  if (!isEmergencyActive(emergency, wallMs)) return { policy, applied: [], refused: [] };
  return tighten(policy, emergency);
}

/** The policy with every override that tightens, whatever the time. */
export function tighten(policy: Policy, emergency: Emergency): Tightened {
  const { overrides, refused } = sortOut(policy, emergency);
  const tightened = withOverrides(policy, overrides);
  const broken = lintPolicy(tightened);
  if (broken.length > 0) {
    const together = broken.map((found) => ({ ...found, path: `emergency → ${found.path}` }));
    return { policy, applied: [], refused: [...refused, ...together] };
  }
  return { policy: tightened, applied: overrides.map(({ path }) => path), refused };
}

function sortOut(policy: Policy, emergency: Emergency) {
  const overrides: Override[] = [];
  const refused: Problem[] = [];
  for (const [section, table] of Object.entries(TUNABLE)) {
    if (table.kind !== 'table') continue;
    for (const [name, field] of Object.entries(table.fields)) {
      if (!('tighten' in field)) continue;
      const key = camelCase(name);
      const value = numberAt(emergency.overrides, section, key);
      const base = numberAt(policy, section, key);
      if (value === null || base === null || value === base) continue;
      const path = `${section}.${name}`;
      const isTighter = field.tighten === 'lower' ? value < base : value > base;
      const isInRange = value >= field.min && value <= field.max;
      if (isTighter && isInRange) {
        overrides.push({ section, key, path, value });
      } else {
        const bound =
          field.tighten === 'lower' ? `${field.min} to ${base}` : `${base} to ${field.max}`;
        const wrong = isInRange ? `${value} would loosen ${path}` : `${value} is out of range`;
        refused.push(problem(`emergency.overrides.${path}`, wrong, `from ${bound} ${field.unit}`));
      }
    }
  }
  return { overrides, refused };
}

function withOverrides(policy: Policy, overrides: readonly Override[]): Policy {
  const changed: Record<string, unknown> = { ...policy };
  for (const { section, key, value } of overrides) {
    changed[section] = { ...(changed[section] as object), [key]: value };
  }
  // Only numbers were replaced by numbers, at keys that the schema names.
  return changed as unknown as Policy;
}

function numberAt(tree: object, section: string, key: string): number | null {
  const table = (tree as Readonly<Record<string, Readonly<Record<string, unknown>>>>)[section];
  const value = table?.[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
