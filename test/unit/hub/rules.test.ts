import { expect, test } from 'bun:test';
import { hubRules } from '../../../hub/rules.ts';
import { loadPolicyText } from '../../../policies/load.ts';
import { PROFILES } from '../../../policies/profiles.ts';

function rulesOf(text: string) {
  const loaded = loadPolicyText(text, Bun.TOML.parse);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return hubRules(loaded.policy);
}

test('the default policy, number for number', () => {
  expect(rulesOf(PROFILES.balanced)).toEqual({
    resendBufferBytes: 1_048_576,
    limits: {
      sessionTtlMs: 86_400_000,
      transportTtlMs: 60_000,
      recoveryWindowMs: 30_000,
      birthDeadlineMs: 60_000,
      resendMaxAgeMs: 2_000,
      maxSwitchesPerMinute: 8,
      cooldownMs: 1_500,
      reattachPerMinute: 30,
      silenceMs: 75_000,
      allowedLinkKinds: ['ethernet', 'usb', 'wifi', 'lte', 'other'],
    },
    door: { perPrefixPerSecond: 200, newSessionsPerSecond: 100 },
  });
});

test('silence is three of the longest intervals that the policy allows, at least 5 s', () => {
  const free = '[links.lte]\ncost_class = "free"\n';
  expect(
    rulesOf(`${free}[liveness]\nactive_linger_ms = 100\nheartbeat_idle_ms = 500`).limits.silenceMs,
  ).toBe(5_000);
  expect(rulesOf(`${free}[liveness]\nheartbeat_idle_ms = 10000`).limits.silenceMs).toBe(30_000);
  expect(rulesOf('[liveness]\nmetered_keepalive_ms = 60000').limits.silenceMs).toBe(180_000);
});

test('a kind of link that is never a binding is not allowed', () => {
  const { limits } = rulesOf('[links.wifi]\ncost_class = "never"');
  expect(limits.allowedLinkKinds).toEqual(['ethernet', 'usb', 'lte', 'other']);
});
