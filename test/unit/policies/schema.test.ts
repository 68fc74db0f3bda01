import { expect, test } from 'bun:test';
import type { Field, Fields } from '../../../policies/field.ts';
import { LINK_KINDS } from '../../../policies/links.ts';
import { loadPolicy } from '../../../policies/load.ts';
import { POLICY_FIELDS } from '../../../policies/schema.ts';
import { LINK_KIND } from '../../../session/wire/frames.ts';

/** Every field of the tree with its path. */
function flat(fields: Fields, path = ''): [string, Field][] {
  return Object.entries(fields).flatMap(([key, field]) => {
    const here = path === '' ? key : `${path}.${key}`;
    if (field.kind === 'table') return flat(field.fields, here);
    if (field.kind === 'tables') return flat(field.entry, `${here}.*`);
    return [[here, field] as [string, Field]];
  });
}

const FLAT = flat(POLICY_FIELDS);

/** Goal: the numbers of docs/protocol.md, "Policy". Method: they are written out here once more. */
test('the defaults are those of the protocol', () => {
  const loaded = loadPolicy({});
  expect(loaded.ok && loaded.policy).toMatchObject({
    version: 1,
    name: 'balanced',
    session: {
      ttlMs: 86_400_000,
      transportTtlMs: 60_000,
      recoveryWindowMs: 30_000,
      birthDeadlineMs: 60_000,
      degradedMaxMs: null,
    },
    liveness: {
      activeLingerMs: 1_000,
      heartbeatIdleMs: 5_000,
      meteredKeepaliveMs: 25_000,
      standbyProbeMs: 10_000,
      meteredStandbyProbeMs: 360_000,
      deadAfterMissed: 3,
    },
    quality: {
      lossEnterPercent: 20,
      lossLeavePercent: 10,
      rttEnterMs: 1_000,
      rttLeaveMs: 500,
      jitterEnterMs: 300,
      jitterLeaveMs: 150,
      windowMs: 2_000,
      settleMs: 3_000,
      volatileToDegradedMs: 4_000,
    },
    switching: {
      maxSwitchesPerMinute: 8,
      cooldownMs: 1_500,
      failback: 'better',
      failbackStableMs: 30_000,
      penaltyMaxMs: 600_000,
      improvementPercent: 10,
    },
    resend: { bufferBytes: 1_048_576, maxAgeMs: 2_000 },
    admission: {
      reattachPerSessionPerMinute: 30,
      reattachPerPrefixPerSecond: 200,
      newSessionsPerSecond: 100,
    },
    telemetry: { meteredHealthIntervalMs: 1_800_000, meteredMqttKeepaliveMs: 2_700_000 },
  });
});

test('no field can switch off a check, the replay window, the single binding or a bound', () => {
  const forbidden =
    /replay|version_check|state_version|allow|disable|enable|skip|ignore|unlimited|dual|single|binding|insecure|force|nonce|proof|verify|owner/;
  for (const [path, field] of FLAT) {
    expect([path, forbidden.test(path)]).toEqual([path, false]);
    expect([path, field.kind]).not.toEqual([path, 'boolean']);
  }
});

test('a name says its unit, a default lies in its range, a limit is never zero', () => {
  const bare = ['version', 'dead_after_missed', 'preference'];
  for (const [path, field] of FLAT) {
    if (field.kind !== 'integer' && field.kind !== 'number') continue;
    const name = path.split('.').at(-1)!;
    if (!bare.includes(name))
      expect(path).toMatch(/_(ms|bytes|percent|bytes_max|per_minute|per_second)$/);
    expect(field.min).toBeLessThan(field.max);
    expect(field.default).not.toBe(undefined);
    if (typeof field.default === 'number')
      expect(field.default).toBeWithin(field.min, field.max + 1);
    if (field.tighten === 'lower') expect([path, field.min > 0]).toEqual([path, true]);
  }
  expect(POLICY_FIELDS.switching.fields.max_switches_per_minute.min).toBe(3);
});

test('every field has a sentence of its own', () => {
  for (const [path, field] of FLAT)
    expect([path, field.meaning.endsWith('.')]).toEqual([path, true]);
});

test('link kinds are those of the wire', () => {
  expect([...LINK_KINDS].sort()).toEqual(
    Object.keys(LINK_KIND).sort() as (typeof LINK_KINDS)[number][],
  );
});
