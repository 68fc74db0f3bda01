import { expect, test } from 'bun:test';
import { applyEmergency, type Emergency } from '../../../policies/emergency.ts';
import { camelCase } from '../../../policies/field.ts';
import { lintPolicy } from '../../../policies/lint.ts';
import { loadPolicy } from '../../../policies/load.ts';
import { type Policy, TUNABLE } from '../../../policies/schema.ts';

const BASE = policyOf({});
const END = '2026-12-24T18:00:00Z';
const BEFORE_MS = Date.parse(END) - 1;

function policyOf(document: unknown): Policy {
  const loaded = loadPolicy(document);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy;
}

/** An emergency that was never checked, as it might reach us from elsewhere. */
function emergencyOf(section: string, key: string, value: number): Emergency {
  const none = BASE.emergency.overrides;
  const changed = { ...none[section as keyof typeof none], [key]: value };
  return { expiresAt: END, overrides: { ...none, [section]: changed } };
}

const TUNED = Object.entries(TUNABLE).flatMap(([section, table]) =>
  table.kind !== 'table'
    ? []
    : Object.entries(table.fields).flatMap(([name, field]) =>
        'tighten' in field ? [{ section, key: camelCase(name), name, field }] : [],
      ),
);

test('these fields tighten, and no others', () => {
  expect(
    TUNED.map(({ section, name, field }) => `${field.tighten} ${section}.${name}`),
  ).toMatchInlineSnapshot(`
    [
      "lower session.ttl_ms",
      "lower session.transport_ttl_ms",
      "lower session.recovery_window_ms",
      "lower session.birth_deadline_ms",
      "lower switching.max_switches_per_minute",
      "raise switching.cooldown_ms",
      "raise switching.failback_stable_ms",
      "raise switching.penalty_max_ms",
      "raise switching.improvement_percent",
      "lower resend.max_age_ms",
      "lower admission.reattach_per_session_per_minute",
      "lower admission.reattach_per_prefix_per_second",
      "lower admission.new_sessions_per_second",
    ]
  `);
});

test('an emergency tightens until it ends, and then the policy is itself again', () => {
  const emergency = emergencyOf('switching', 'maxSwitchesPerMinute', 4);
  const during = applyEmergency(BASE, emergency, BEFORE_MS);
  expect(during.policy.switching).toEqual({ ...BASE.switching, maxSwitchesPerMinute: 4 });
  expect(during.applied).toEqual(['switching.max_switches_per_minute']);
  expect(applyEmergency(BASE, emergency, BEFORE_MS + 1)).toEqual({
    policy: BASE,
    applied: [],
    refused: [],
  });
  expect(BASE.switching.maxSwitchesPerMinute).toBe(8);
});

test('without an end, or with a malformed one, nothing is applied', () => {
  for (const expiresAt of [null, 'soon']) {
    const emergency = { ...emergencyOf('switching', 'maxSwitchesPerMinute', 4), expiresAt };
    expect(applyEmergency(BASE, emergency, 0).policy).toBe(BASE);
  }
});

test('a clock in 1970 keeps the emergency on', () => {
  expect(
    applyEmergency(BASE, emergencyOf('session', 'ttlMs', 3_600_000), 0).policy.session.ttlMs,
  ).toBe(3_600_000);
});

/**
 * Goal: every override of every field either tightens it or is refused; nothing else ever changes.
 * Method: all fields that have a direction × values below, at, around and far beyond their range.
 */
test('every override tightens or is refused', () => {
  let applied = 0;
  let refused = 0;
  for (const { section, key, field } of TUNED) {
    const base = (BASE as unknown as Record<string, Record<string, number>>)[section]![key]!;
    const values = [
      field.min,
      field.max,
      base,
      base - 1,
      base + 1,
      field.min - 1,
      field.max + 1,
      -1,
      0,
      1e300,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ];
    for (const value of values) {
      const result = applyEmergency(BASE, emergencyOf(section, key, value), BEFORE_MS);
      const now = (result.policy as unknown as Record<string, Record<string, number>>)[section]![
        key
      ]!;
      expect(field.tighten === 'lower' ? now <= base : now >= base).toBe(true);
      expect(lintPolicy(result.policy)).toEqual([]);
      expect(now >= field.min && now <= field.max).toBe(true);
      const changed =
        result.policy === BASE
          ? BASE[section as 'session']
          : { ...result.policy[section as 'session'], [key]: base };
      expect(changed as unknown).toEqual(BASE[section as 'session']);
      if (now !== base) {
        applied++;
        expect([now, result.refused]).toEqual([value, []]);
      } else if (Number.isFinite(value) && value !== base) {
        refused++;
        expect(result.refused.length).toBeGreaterThan(0);
      }
    }
  }
  expect(applied).toBeGreaterThan(TUNED.length);
  expect(refused).toBeGreaterThan(TUNED.length);
});

test('overrides that together break a rule are refused together', () => {
  const emergency = emergencyOf('session', 'transportTtlMs', 20_000);
  const alone = applyEmergency(BASE, emergency, BEFORE_MS);
  expect(alone.policy).toBe(BASE);
  expect(alone.refused).toMatchObject([{ path: 'emergency → session.recovery_window_ms' }]);
  const { overrides } = emergencyOf('session', 'recoveryWindowMs', 10_000);
  const both = {
    ...emergency,
    overrides: { ...overrides, session: { ...overrides.session, transportTtlMs: 20_000 } },
  };
  expect(applyEmergency(BASE, both, BEFORE_MS).policy.session).toMatchObject({
    transportTtlMs: 20_000,
    recoveryWindowMs: 10_000,
  });
});
