import { expect, test } from 'bun:test';
import { ORDER_RULES } from '../../../policies/lint.ts';
import { loadPolicy, loadPolicyText } from '../../../policies/load.ts';
import { POLICY_FIELDS } from '../../../policies/schema.ts';

function problemsOf(document: unknown) {
  const loaded = loadPolicy(document);
  return loaded.ok ? [] : loaded.problems.map(({ path, wrong }) => `${path}: ${wrong}`);
}

test('the recovery window is inside the transport TTL, and that inside the session TTL', () => {
  expect(problemsOf({ session: { recovery_window_ms: 60_000 } })).toEqual([]);
  expect(problemsOf({ session: { recovery_window_ms: 60_001 } })).toEqual([
    'session.recovery_window_ms: 60001 is above session.transport_ttl_ms (60000)',
  ]);
  expect(problemsOf({ session: { ttl_ms: 60_000, transport_ttl_ms: 60_001 } })).toEqual([
    'session.transport_ttl_ms: 60001 is above session.ttl_ms (60000)',
  ]);
});

test('enter lies above leave for each measure of quality', () => {
  for (const measure of ['loss', 'rtt', 'jitter'] as const) {
    const unit = measure === 'loss' ? 'percent' : 'ms';
    const quality = { [`${measure}_enter_${unit}`]: 50, [`${measure}_leave_${unit}`]: 50 };
    const path = `quality.${measure}_leave_${unit}`;
    expect(problemsOf({ quality })).toEqual([
      `${path}: 50 is not below quality.${measure}_enter_${unit} (50)`,
    ]);
    expect(problemsOf({ quality: { ...quality, [`${measure}_leave_${unit}`]: 49 } })).toEqual([]);
  }
});

test('two switch slots remain for recovery: a cap below 3 is refused', () => {
  expect(problemsOf({ switching: { max_switches_per_minute: 3 } })).toEqual([]);
  expect(problemsOf({ switching: { max_switches_per_minute: 2 } })).toEqual([
    'switching.max_switches_per_minute: 2 is below 3',
  ]);
});

test('every order rule compares two fields that exist, and is broken by its own violation', () => {
  const fieldAt = (path: string) => {
    const [section, name] = path.split('.') as [string, string];
    const table = POLICY_FIELDS[section as 'session'] as {
      fields: Record<string, { min: number; max: number }>;
    };
    return { section, name, field: table.fields[name]! };
  };
  for (const rule of ORDER_RULES) {
    const lower = fieldAt(rule.lower);
    const upper = fieldAt(rule.upper);
    const document: Record<string, Record<string, number>> = {};
    document[lower.section] = { [lower.name]: lower.field.max };
    document[upper.section] = { ...document[upper.section], [upper.name]: upper.field.min };
    expect(problemsOf(document).map((text) => text.split(':')[0])).toContain(rule.lower);
  }
});

test('a metered link is not asked more often than a free one', () => {
  expect(problemsOf({ liveness: { standby_probe_ms: 360_001 } }).length).toBe(1);
  expect(problemsOf({ telemetry: { metered_health_interval_ms: 59_999 } }).length).toBe(1);
});

test('a budget needs a metered link, written in the same entry', () => {
  expect(problemsOf({ links: { lte: { daily_bytes_max: 5 } } })).toEqual([]);
  expect(problemsOf({ links: { wifi: { daily_bytes_max: 5 } } }).length).toBe(1);
  expect(problemsOf({ links: { wwan0: { daily_bytes_max: 5 } } }).length).toBe(1);
  expect(problemsOf({ links: { wwan0: { daily_bytes_max: 5, cost_class: 'metered' } } })).toEqual(
    [],
  );
});

test('at least one link may be used', () => {
  const never = { cost_class: 'never' };
  const links = { ethernet: never, wifi: never, lte: never, usb: never, other: never };
  expect(problemsOf({ links })).toEqual(['links: every link is "never"']);
  expect(problemsOf({ links: { ...links, eth9: { cost_class: 'free' } } })).toEqual([]);
  expect(problemsOf({ links: { ...links, eth9: { preference: 1 } } }).length).toBe(1);
});

test('an emergency has an end, and is refused when it loosens', () => {
  const overrides = { switching: { max_switches_per_minute: 4 } };
  expect(problemsOf({ emergency: { overrides } })).toEqual(['emergency.expires_at: missing']);
  const emergency = { expires_at: '2026-12-24T18:00:00Z', overrides };
  expect(problemsOf({ emergency })).toEqual([]);
  const loose = { ...emergency, overrides: { switching: { max_switches_per_minute: 9 } } };
  expect(problemsOf({ emergency: loose })).toEqual([
    'emergency.overrides.switching.max_switches_per_minute: 9 would loosen switching.max_switches_per_minute',
  ]);
});

test('text with a syntax error is a problem like any other', () => {
  expect(loadPolicyText('version = 1\nname = ', Bun.TOML.parse)).toMatchObject({
    ok: false,
    problems: [{ path: 'line 2' }],
  });
});
