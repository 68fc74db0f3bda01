import { expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { loadPolicy, loadPolicyText } from '../../../policies/load.ts';
import { PROFILE_NAMES, PROFILES } from '../../../policies/profiles.ts';

function policyOf(text: string) {
  const loaded = loadPolicyText(text, Bun.TOML.parse);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy;
}

test('every profile in the folder is shipped', () => {
  const folder = new URL('../../../policies/profiles/', import.meta.url);
  const files = readdirSync(folder).map((file) => file.replace(/\.toml$/, ''));
  expect(files.sort()).toEqual([...PROFILE_NAMES].sort());
});

test('every profile loads, carries its own name and begins with whom it is for', () => {
  for (const name of PROFILE_NAMES) {
    expect(policyOf(PROFILES[name])).toMatchObject({ name, version: 1 });
    expect(PROFILES[name]).toStartWith('# For ');
  }
});

test('balanced is the default, to the last field', () => {
  const defaults = loadPolicy({});
  expect(defaults).toEqual({ ok: true, policy: policyOf(PROFILES.balanced) });
});

/** A value that repeats a default would silently stay behind when the default changes. */
test('a profile writes only what differs from the defaults', () => {
  for (const name of PROFILE_NAMES) {
    const lines = PROFILES[name].split('\n');
    for (const [index, line] of lines.entries()) {
      if (!line.includes('=') || /^(#|version|name)/.test(line)) continue;
      const without = loadPolicyText(
        lines.filter((_, other) => other !== index).join('\n'),
        Bun.TOML.parse,
      );
      // Without the line the profile must mean something else, or nothing at all.
      const isSame = without.ok && Bun.deepEquals(without.policy, policyOf(PROFILES[name]));
      expect([name, line, isSame]).toEqual([name, line, false]);
    }
  }
});

test('a vehicle may be gone for five minutes, and for ten in all', () => {
  expect(policyOf(PROFILES.vehicle).session).toMatchObject({
    recoveryWindowMs: 300_000,
    transportTtlMs: 600_000,
  });
});

test('the emergency profile is nowhere looser than the default', () => {
  const { session, switching, admission } = policyOf(PROFILES.emergency);
  const base = policyOf(PROFILES.balanced);
  expect(session.recoveryWindowMs).toBeLessThan(base.session.recoveryWindowMs);
  expect(session.transportTtlMs).toBeLessThan(base.session.transportTtlMs);
  expect(switching.maxSwitchesPerMinute).toBeLessThan(base.switching.maxSwitchesPerMinute);
  expect(switching.cooldownMs).toBeGreaterThan(base.switching.cooldownMs);
  expect(admission.newSessionsPerSecond).toBeLessThan(base.admission.newSessionsPerSecond);
});
