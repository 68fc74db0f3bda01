/**
 * Goal: no default and no shipped profile that breaks a budget of idle data or wake-ups can land, and what is computed
 * is what is sent.
 */
import { describe, expect, test } from 'bun:test';
import { BUDGETS, excesses, idleCost, rareBytesPerDay } from '../../../policies/budget.ts';
import { loadPolicy, loadPolicyText } from '../../../policies/load.ts';
import { PROFILE_NAMES, PROFILES, type ProfileName } from '../../../policies/profiles.ts';
import type { Policy } from '../../../policies/schema.ts';
import { encodeFrame } from '../../../session/wire/encode.ts';

function profile(name: ProfileName): Policy {
  const loaded = loadPolicyText(PROFILES[name], Bun.TOML.parse);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy;
}

function policyOf(document: object): Policy {
  const loaded = loadPolicy(document);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy;
}

describe('the shipped profiles', () => {
  for (const name of PROFILE_NAMES) {
    test(`${name} breaks no budget`, () => expect(excesses(profile(name))).toEqual([]));
  }

  test('every budget binds a profile that is shipped', () => {
    for (const { profiles } of BUDGETS) {
      for (const name of profiles ?? PROFILE_NAMES) expect(PROFILE_NAMES).toContain(name as never);
    }
    const bound = new Set(BUDGETS.map(({ figure }) => figure));
    expect([...bound].sort()).toEqual([
      'activeLteBytesPerDay',
      'activeWakeupsPerS',
      'standbyLteBytesPerDay',
      'standbyWakeupsPerS',
    ]);
  });
});

describe('a policy that is changed', () => {
  const broken = (document: object) => [
    ...new Set(excesses(policyOf(document)).map(({ figure }) => figure)),
  ];

  test('to ask a metered standby more often breaks its bytes', () => {
    expect(broken({ liveness: { metered_standby_probe_ms: 300_000 } })).toEqual([
      'standbyLteBytesPerDay',
    ]);
  });

  test('to keep NAT mappings more eagerly breaks those of the active link', () => {
    const name = 'metered-lte';
    expect(broken({ name, liveness: { metered_keepalive_ms: 10_000 } })).toContain(
      'activeLteBytesPerDay',
    );
  });

  test('to report or to ask all the time breaks the wake-ups', () => {
    const name = 'low-power';
    expect(broken({ name, liveness: { heartbeat_idle_ms: 1_000 } })).toEqual([
      'standbyWakeupsPerS',
    ]);
    const often = { health_interval_ms: 10_000, metered_health_interval_ms: 10_000 };
    expect(broken({ name, telemetry: often })).toContain('activeWakeupsPerS');
  });
});

describe('the arithmetic', () => {
  const token = new Uint8Array(8);
  const sealed = (bytes: Uint8Array, outer: number) => bytes.length + 32 + outer;

  test('a standby costs its probes and their answers, as they are encoded', () => {
    const policy = policyOf({});
    for (const [family, outer] of [
      [4, 28],
      [6, 48],
    ] as const) {
      const probe = sealed(encodeFrame({ type: 'probe', probeId: 1 }), outer);
      const answer = encodeFrame({
        type: 'probeAck',
        probeId: 1,
        view: 'carrying',
        transportId: 1,
        stateVersion: 2 ** 40,
        token,
      });
      const perDay = 86_400_000 / policy.liveness.meteredStandbyProbeMs;
      expect(idleCost(policy, family).standbyLteBytesPerDay).toBe(
        Math.ceil(perDay * (probe + sealed(answer, outer))),
      );
    }
  });

  test('ROTATE and ROTATED are as long as it says', () => {
    const sessionId = '00112233445566778899aabbccddeeff';
    const proof = new Uint8Array(32);
    expect(encodeFrame({ type: 'rotate', sessionId, proof }).length).toBeLessThanOrEqual(56);
    expect(encodeFrame({ type: 'rotated', sessionId }).length).toBeLessThanOrEqual(21);
  });

  test('what is rarer than a window, and what is not, make up a day', () => {
    const policy = profile('metered-lte');
    const day = idleCost(policy, 6).activeLteBytesPerDay;
    expect(rareBytesPerDay(policy, 6, 'active', 86_400_000)).toBe(0);
    expect(Math.ceil(rareBytesPerDay(policy, 6, 'active', 0))).toBe(day);
    const tenMinutes = rareBytesPerDay(policy, 6, 'active', 600_000);
    expect(tenMinutes).toBeGreaterThan(0);
    expect(tenMinutes).toBeLessThan(day);
  });
});
