/**
 * Goal: a policy for a running agent is in force when it is admitted and durable, and one that is refused on the way
 * leaves everything as it was, what flash remembers of budgets included. An audit line has the version that it was
 * decided by.
 * Method: flash in memory; what the tunnel thread would be told is kept, and what it says is said for it.
 */
import { expect, test } from 'bun:test';
import { Memory } from '../../../agent/memory.ts';
import type { ToTunnel } from '../../../agent/messages.ts';
import { PolicyInForce } from '../../../agent/policyInForce.ts';
import type { Push } from '../../../agent/push.ts';
import { Spending } from '../../../agent/spending.ts';
import type { Start } from '../../../agent/start.ts';
import { refused } from '../../../hal/control.ts';
import { MemoryFlash } from '../../../hal/memory/flash.ts';
import { halFail, halOk } from '../../../hal/result.ts';
import { loadPolicy } from '../../../policies/load.ts';
import type { Policy } from '../../../policies/schema.ts';
import type { AuditEvent } from '../../../session/audit.ts';
import { RECORD_BYTES } from '../../../session/flash/record.ts';
import { SPENDING_BYTES, SpendingStore } from '../../../session/flash/spending.ts';
import { must } from '../session/channel/twoEnds.ts';

const MB = 1_000_000;
const USED = { link: 'wwan0', day: 20_785, bytes: 49 * MB, lastedMs: 7 * 60_000 };

function policyOf(version: number, budget = 0): Policy {
  const loaded = loadPolicy({
    ...{ version, name: `v${version}` },
    links: { lte: { daily_bytes_max: budget } },
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy;
}

/** An agent that runs with version 5, without a budget, and flash that remembers a day with one. */
class Rig {
  readonly flash = new MemoryFlash(RECORD_BYTES);
  readonly posted: ToTunnel[] = [];
  readonly noted: unknown[] = [];
  readonly policy: PolicyInForce;
  written: Policy = policyOf(5);
  file: string | null = 'policy.toml';
  wallMs = Date.UTC(2026, 10, 30);
  /** What the newest timer does. */
  look = () => {};

  constructor(mode: 'session' | 'plain' = 'session', push: Push | null = null) {
    const days = new MemoryFlash(SPENDING_BYTES);
    new SpendingStore(days).save([USED]);
    const memory = new Memory(this.flash, new Uint8Array(32).fill(7));
    memory.applyPolicy(5);
    const links = [{ name: 'wwan0', kind: 'lte' }] as const;
    const config = { links, hub: { mode } };
    const rereadPolicy = () => ({ policy: this.written, file: this.file });
    const start = { config, policy: this.written, rereadPolicy };
    this.policy = new PolicyInForce({
      start: start as unknown as Start,
      memory,
      spending: must(Spending.open(this.written, links, () => halOk(days))),
      push,
      post: (message) => this.posted.push(message),
      wallMs: () => this.wallMs,
      setTimer: (run) => {
        this.look = run;
        return { clear: () => {} };
      },
      note: (...said) => this.noted.push(said),
      onApplied: () => {},
    });
  }

  reload(policy: Policy) {
    this.written = policy;
    return this.policy.reload();
  }

  /** What the tunnel thread was told of budgets, message by message. */
  get metering() {
    return this.posted.map((message) => (message.kind === 'policy' ? message.metering : null));
  }
}

test('a budget that comes with a policy finds what flash remembers of the day, also after one that was refused', () => {
  const whole = { budgets: { wwan0: 50 * MB }, spent: [USED] };
  const older = new Rig();
  expect(older.reload(policyOf(4, 50 * MB))).toMatchObject({ ok: false, code: 'policyOlder' });
  expect(older.reload(policyOf(6, 50 * MB))).toMatchObject({ ok: true });
  expect(older.metering).toEqual([whole]);

  const full = new Rig();
  full.flash.failNext = halFail('storageFailed', 'write: ENOSPC');
  expect(full.reload(policyOf(6, 50 * MB))).toMatchObject({ ok: false, code: 'storageFailed' });
  expect(full.reload(policyOf(6, 50 * MB))).toMatchObject({ ok: true });
  // Told once: from then on the tunnel thread counts.
  expect(full.reload(policyOf(7, 50 * MB))).toMatchObject({ ok: true });
  expect(full.metering).toEqual([whole, { ...whole, spent: [] }]);
  expect([full.policy.current.version, older.noted.length, full.noted.length]).toEqual([7, 1, 1]);
});

test('what the tunnel thread decided before it took the policy is audited with the version before', () => {
  const rig = new Rig();
  const versionOf = ([event, reasonCode, detail]: readonly [string, string, object]) => {
    rig.policy.onAudit({ event, reasonCode, detail } as AuditEvent);
    return rig.policy.auditedVersion;
  };
  const moved = ['switch', 'operator_rebind', {}] as const;
  const applied = (version: number) => ['notice', 'policy_applied', { version }] as const;
  // A claim whose reason is the policy is no policy in force.
  const told = ['claim', 'policy_applied', {}] as const;
  rig.reload(policyOf(6));
  rig.reload(policyOf(8));
  expect([rig.policy.current.version, rig.policy.auditedVersion]).toEqual([8, 5]);
  const lines = [moved, told, applied(6), moved, told, applied(8), moved];
  expect(lines.map(versionOf)).toEqual([5, 5, 6, 6, 6, 8, 8]);
});

test('with a plain peer nobody else says that a policy is in force', () => {
  const named = { name: 'v6', version: 6 };
  const plain = new Rig('plain');
  plain.reload(policyOf(6));
  plain.reload(policyOf(4));
  expect(plain.noted).toEqual([
    ['notice', 'policy_applied', named],
    ['refusal', 'policy_refused', { code: 'policyOlder', name: 'v4', version: 4 }],
  ]);
  // In a session the tunnel thread does.
  const session = new Rig();
  session.reload(policyOf(6));
  expect(session.noted).toEqual([]);
});

test('a file takes the place of a pushed policy only with a higher version, and then the documents say what to follow', () => {
  const configured: number[] = [];
  const push = {
    ...{ onTrial: 8, confirmed: { version: 7, isPushed: true } },
    configured: ({ version }: Policy) => configured.push(version) > 0,
  };
  const rig = new Rig('session', push as unknown as Push);
  for (const version of [6, 7, 8]) {
    expect(rig.reload(policyOf(version))).toMatchObject({
      ...{ ok: false, code: 'policyOlder' },
      message: expect.stringContaining(
        'version 8 was pushed here. Raise its `version` to at least 9.',
      ),
    });
  }
  expect([configured, rig.posted]).toEqual([[], []]);
  expect(rig.reload(policyOf(9))).toMatchObject({ ok: true });
  expect([configured, rig.posted]).toEqual([[9], []]);
});

test('a pushed policy is followed without a file, and on trial it has to be proven', () => {
  const rig = new Rig();
  expect([rig.policy.follow(policyOf(6), true), rig.policy.follow(policyOf(5), false)]).toEqual([
    true,
    true,
  ]);
  expect(rig.posted).toMatchObject([
    { kind: 'policy', version: 6, trialHoldMs: 60_000 },
    { kind: 'policy', version: 5 },
  ]);
  expect(rig.policy.current.version).toBe(5);
  // What was ever in force is not the business of a trial: I4's memory still has 5.
  expect(rig.reload(policyOf(5))).toMatchObject({ ok: true });
});

test('an older policy is refused with what can be done: nobody raises the version of a shipped profile', () => {
  const rig = new Rig();
  const older = 'policy "v4" has version 4, but version 5 was in force here.';
  const refusal = (what: string) =>
    refused('policyOlder', `${older} ${what}\nThe policy before stays in force.`);
  expect(rig.reload(policyOf(4))).toEqual(refusal('Raise its `version` to at least 5.'));
  rig.file = null;
  expect(rig.reload(policyOf(4))).toEqual(
    refusal('Copy the profile to a file, with version 5 or above, and name that in policy.file.'),
  );
  expect([rig.policy.current.version, rig.posted]).toEqual([5, []]);
});

test('◆ the emergency of the policy itself is followed from the start and with a reload, a trial stays a trial', () => {
  const rig = new Rig();
  const tight = (version: number) => {
    const loaded = loadPolicy({
      ...{ version, name: `v${version}` },
      emergency: {
        expires_at: '2026-12-01T00:00:00Z',
        overrides: { session: { recovery_window_ms: 30_000 } },
      },
    });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    return loaded.policy;
  };
  const window = policyOf(5).session.recoveryWindowMs;
  expect(rig.policy.begin().session.recoveryWindowMs).toBe(window);
  rig.reload(tight(6));
  rig.policy.follow(tight(7), true);
  // Over while the other one is on trial: it still has to prove itself.
  rig.wallMs = Date.UTC(2026, 11, 1);
  rig.look();
  rig.policy.follow(tight(8), false);
  const windows = rig.posted.map((message) =>
    message.kind === 'policy' ? message.rules.limits.recoveryWindowMs : null,
  );
  expect(windows).toEqual([30_000, 30_000, window, window]);
  expect(rig.posted.slice(1)).toMatchObject([
    { version: 7, trialHoldMs: 60_000 },
    { version: 7, trialHoldMs: 60_000 },
    { version: 8 },
  ]);
  expect(rig.posted[3]).not.toHaveProperty('trialHoldMs');
  expect(rig.policy.emergencyUntil).toBeNull();
  const expires_at = '2026-12-01T00:00:00Z';
  expect(rig.noted).toEqual([
    ['notice', 'emergency_began', { version: 6, expires_at }],
    ['notice', 'emergency_ended', { version: 6, expires_at }],
    ['notice', 'emergency_began', { version: 7, expires_at }],
    ['notice', 'emergency_ended', { version: 7, expires_at }],
  ]);
  expect(tight(9).session.recoveryWindowMs).toBe(window);
});
