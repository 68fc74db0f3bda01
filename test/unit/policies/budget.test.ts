/**
 * Goal: no default and no shipped profile that breaks a budget of idle data, wake-ups or time can land, and what is computed
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
      'idleSilenceMs',
      'meteredIdleSilenceMs',
      'standbyLteBytesPerDay',
      'standbyWakeupsPerS',
    ]);
    // What is computed without a bound is no budget.
    expect(Object.keys(idleCost(profile('balanced'), 4)).sort()).toEqual([...bound].sort());
  });

  test('both bounds of time hold in every profile, and leave the whole recovery window below the TTL', () => {
    for (const name of PROFILE_NAMES) {
      const { session, ...policy } = profile(name);
      const figures = BUDGETS.flatMap(({ figure, profiles }) =>
        figure.endsWith('SilenceMs') && (profiles ?? [name]).includes(name) ? [figure] : [],
      );
      expect([name, new Set(figures)]).toEqual([
        name,
        new Set(['idleSilenceMs', 'meteredIdleSilenceMs']),
      ]);
      const { idleSilenceMs } = idleCost({ session, ...policy }, 4);
      const spentMs = idleSilenceMs + session.recoveryWindowMs;
      expect([name, spentMs <= session.transportTtlMs]).toEqual([name, true]);
    }
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

describe('a policy that notices silence too late', () => {
  const broken = (document: object) =>
    excesses(policyOf(document)).flatMap(({ figure }) =>
      figure.endsWith('SilenceMs') ? [figure] : [],
    );
  const limits = [
    ['mine', 28_000, 1_800_000],
    ['low-power', 28_000, 1_800_000],
    ['metered-lte', 28_000, 900_000],
    ['balanced', 28_000, 360_000],
    ['vehicle', 28_000, 360_000],
    ['emergency', 13_000, 360_000],
  ] as const;

  for (const [name, heartbeat, probe] of limits) {
    test(`${name}: asks every ${heartbeat} ms at the least, every ${probe} ms where that costs money`, () => {
      const liveness = { heartbeat_idle_ms: heartbeat, metered_standby_probe_ms: probe };
      expect(broken({ name, liveness })).toEqual([]);
      expect(
        new Set(broken({ name, liveness: { ...liveness, heartbeat_idle_ms: heartbeat + 1 } })),
      ).toEqual(new Set(['idleSilenceMs']));
      const rare = { ...liveness, metered_standby_probe_ms: probe + 1 };
      expect(new Set(broken({ name, liveness: rare }))).toEqual(new Set(['meteredIdleSilenceMs']));
    });
  }
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

  test('ROTATE, ROTATED and MTU are as long as it says', () => {
    const sessionId = '00112233445566778899aabbccddeeff';
    const proof = new Uint8Array(32);
    expect(encodeFrame({ type: 'rotate', sessionId, proof }).length).toBeLessThanOrEqual(56);
    expect(encodeFrame({ type: 'rotated', sessionId }).length).toBeLessThanOrEqual(21);
    const mtu = { type: 'mtu', mtuBytes: 1_440, noticeMs: 86_402_000 } as const;
    expect(encodeFrame(mtu).length).toBeLessThanOrEqual(13);
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
