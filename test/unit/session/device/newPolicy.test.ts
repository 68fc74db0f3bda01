/**
 * Goal: another policy is in force from its step on, touches neither session nor binding, and moves what runs already
 * sooner and never later.
 * Method: the core in virtual time; the shell's part is one event, and other numbers from then on.
 */
import { describe, expect, test } from 'bun:test';
import type { DeviceLimits } from '../../../../session/device/limits.ts';
import { attachedDevice, Driver } from './driver.ts';
import {
  configOf,
  ETH,
  LIMITS,
  LINK_POLICIES,
  links,
  MINUTE_MS,
  SECOND_MS,
  WLAN,
  WWAN,
} from './setup.ts';

function apply(
  driver: Driver,
  limits: Partial<DeviceLimits>,
  policies = LINK_POLICIES,
  version = 2,
): void {
  driver.config = configOf(limits, policies);
  driver.feed({ kind: 'policy', atMs: driver.nowMs, version, name: 'other' });
}

const denials = (driver: Driver) =>
  driver.log.filter(
    (effect) => effect.kind === 'report' && effect.event.reasonCode === 'switch_denied',
  ).length;

test('a policy says that it is in force, and leaves state, session and binding as they are, without a claim', () => {
  const driver = attachedDevice([ETH, WLAN]);
  const { state, sessionId, stateVersion, activeId } = driver.device;
  driver.forget();
  apply(driver, { heartbeatIdleMs: 60_000 });
  driver.run(SECOND_MS);
  expect(driver.device).toMatchObject({ state, sessionId, stateVersion, activeId, claim: null });
  expect([driver.moves, driver.claims]).toEqual([[], []]);
  const [said] = driver.log.flatMap((effect) => (effect.kind === 'report' ? [effect.event] : []));
  expect(said).toMatchObject({
    ...{ event: 'notice', reasonCode: 'policy_applied', detail: { version: 2, name: 'other' } },
    ...{ from: null, to: null },
  });
});

test('under a policy on trial the hub is asked at once, on an idle metered binding too', () => {
  const asked = (isOnTrial: boolean) => {
    const driver = attachedDevice([WWAN]);
    driver.run(10 * SECOND_MS);
    driver.forget();
    const { nowMs: atMs } = driver;
    driver.feed({ kind: 'policy', atMs, version: 2, name: 'other', isOnTrial });
    return driver.frames.filter(({ type }) => type === 'probe').length;
  };
  expect([asked(true), asked(false)]).toEqual([1, 0]);
});

describe('how late silence is noticed', () => {
  const told = (driver: Driver) =>
    driver.frames.flatMap((frame) => (frame.type === 'mtu' ? [frame.noticeMs] : []));

  test('◆ a longer pause is told by MTU until the hub says it back', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.path(ETH).isInOpen = false;
    apply(driver, { heartbeatIdleMs: 60_000 });
    expect(told(driver)).toEqual([62_000]);
    driver.run(SECOND_MS, () => told(driver).length === 3);
    driver.peer.path(ETH).isInOpen = true;
    driver.run(MINUTE_MS);
    expect(told(driver).length).toBeLessThanOrEqual(4);
    expect([driver.peer.noticeMs, driver.device.hubNoticeMs]).toEqual([62_000, 62_000]);
    expect(driver.claims).toEqual([]);
  });

  test('a shorter one is not: the hub may wait', () => {
    const driver = attachedDevice([ETH, WLAN]);
    apply(driver, { heartbeatIdleMs: 5_000 });
    driver.run(MINUTE_MS);
    expect(told(driver)).toEqual([]);
  });

  test('◆ a claim that was open says what it said when it was opened, and MTU the rest behind its answer', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.judge = () => null;
    driver.feed({ kind: 'rebind', atMs: driver.nowMs, linkName: 'wlan0' });
    driver.run(50);
    apply(driver, { heartbeatIdleMs: 60_000 });
    driver.peer.judge = () => undefined;
    driver.run(SECOND_MS, () => driver.device.activeId === WLAN);
    const [first, ...repeats] = driver.claims;
    expect(repeats.length).toBeGreaterThan(0);
    for (const repeat of repeats) expect(repeat).toEqual({ ...first!, atMs: repeat.atMs });
    expect(driver.peer.noticeMs).not.toBe(62_000);
    driver.run(SECOND_MS);
    expect(driver.peer.noticeMs).toBe(62_000);
  });

  test('◆ what was told in vain while the link was silent is told again when it answers', () => {
    const driver = attachedDevice([ETH]);
    driver.run(2 * SECOND_MS);
    driver.peer.path(ETH).isOutOpen = false;
    apply(driver, { heartbeatIdleMs: 300_000 });
    driver.run(MINUTE_MS, () => told(driver).length === 8);
    driver.run(300);
    driver.peer.path(ETH).isOutOpen = true;
    driver.run(5 * SECOND_MS);
    expect([driver.device.activeId, driver.peer.noticeMs]).toEqual([ETH, 302_000]);
  });

  test('a hub of a former version answers without it, and is told once', () => {
    const driver = attachedDevice([ETH]);
    driver.peer.knowsNotice = false;
    apply(driver, { heartbeatIdleMs: 60_000 });
    driver.run(MINUTE_MS);
    expect(told(driver)).toEqual([62_000]);
  });

  test('◆ a new channel may be that of a process that knows only the record: it is told again', () => {
    const driver = attachedDevice([ETH]);
    driver.peer.noticeMs = null;
    const channelId = driver.device.channel?.channelId ?? 0;
    driver.feed({ kind: 'channelDue', atMs: driver.nowMs, channelId });
    driver.run(SECOND_MS);
    expect(driver.peer.noticeMs ?? 0).toBe(LIMITS.heartbeatIdleMs + 2_000);
  });
});

describe('a bound that runs', () => {
  const BOUNDS = [
    ['recoveryWindowMs', 'recoveryDeadlineAtMs'],
    ['transportTtlMs', 'transportTtlAtMs'],
  ] as const;

  function recovering(): Driver {
    const limits = { recoveryWindowMs: 20_000, transportTtlMs: 40_000 };
    const driver = attachedDevice([ETH], { config: configOf(limits) });
    driver.links(links([]));
    driver.run(5 * SECOND_MS);
    expect(driver.device.state).toBe('RECOVERING');
    return driver;
  }

  for (const [limit, deadline] of BOUNDS) {
    test(`${limit}: as if it began now where that is sooner, and never later`, () => {
      for (const ms of [1_000, 14_000, 60_000]) {
        const driver = recovering();
        const before = driver.device[deadline]!;
        apply(driver, { [limit]: ms });
        expect([ms, driver.device[deadline]]).toEqual([ms, Math.min(before, driver.nowMs + ms)]);
      }
    });
  }

  test('a hundred policies in a row end a recovery no later than the first', () => {
    const driver = recovering();
    const endsAtMs = driver.device.recoveryDeadlineAtMs!;
    for (let version = 2; version < 102; version++) {
      driver.run(100);
      apply(driver, { recoveryWindowMs: 30_000 }, LINK_POLICIES, version);
    }
    driver.run(MINUTE_MS, () => driver.device.state === 'TERMINATED');
    expect([driver.nowMs, driver.device.terminated]).toEqual([
      endsAtMs,
      'recovery_window_exceeded',
    ]);
  });

  test('the session TTL: the session is not ended by a time that passed before the policy came', () => {
    const driver = attachedDevice([ETH]);
    driver.run(10 * MINUTE_MS);
    const fromMs = driver.nowMs;
    apply(driver, { sessionTtlMs: MINUTE_MS });
    driver.run(2 * MINUTE_MS, () => driver.device.state === 'TERMINATED');
    expect(driver.device.terminated).toBe('session_ttl_expired');
    const lastedMs = driver.nowMs - fromMs;
    expect(lastedMs).toBeGreaterThanOrEqual(0.9 * MINUTE_MS);
    expect(lastedMs).toBeLessThanOrEqual(MINUTE_MS);
  });

  test('◆ one on trial moves none: rolled back, it has ended nothing', () => {
    const bounds = { birthDeadlineMs: 1_000, transportTtlMs: 1_000, recoveryWindowMs: 1_000 };
    const driver = recovering();
    const running = () => {
      const { sessionEndsAtMs, recoveryDeadlineAtMs, transportTtlAtMs } = driver.device;
      return [sessionEndsAtMs, recoveryDeadlineAtMs, transportTtlAtMs];
    };
    const before = running();
    driver.config = configOf({ ...bounds, sessionTtlMs: MINUTE_MS });
    const policy = { kind: 'policy', atMs: driver.nowMs, version: 2, name: 'other' } as const;
    driver.feed({ ...policy, isOnTrial: true });
    expect(running()).toEqual(before);
    // Confirmed, it does.
    driver.feed(policy);
    const { nowMs } = driver;
    expect(running().slice(1)).toEqual([nowMs + 1_000, nowMs + 1_000]);
    expect(running()[0]).toBeLessThanOrEqual(nowMs + MINUTE_MS);
  });

  describe('degraded_max_ms', () => {
    const quality = {
      ...LIMITS.quality,
      ...{ rttEnterMs: 400, rttLeaveMs: 200, volatileToDegradedMs: 4_000 },
    };

    /** DEGRADED on a slow link under a policy that ends it after `degradedMaxMs`; `forMs` later. */
    function degraded(degradedMaxMs: number | null, forMs: number): [Driver, number] {
      const limits = { quality, degradedMaxMs };
      const driver = attachedDevice([ETH], { config: configOf(limits) });
      driver.traffic(50, 30 * MINUTE_MS);
      driver.run(5 * SECOND_MS);
      driver.peer.path(ETH).delayMs = 260;
      driver.until('DEGRADED', MINUTE_MS);
      const sinceMs = driver.nowMs;
      driver.run(forMs);
      driver.forget();
      return [driver, sinceMs];
    }

    /** When the session was ended by it, counted from `sinceMs`; null: it was not. */
    function endedAfterMs(driver: Driver, sinceMs: number): number | null {
      driver.run(5 * MINUTE_MS, () => driver.device.state === 'TERMINATED');
      if (driver.device.state !== 'TERMINATED') return null;
      expect(driver.device.terminated).toBe('policy_exceeded');
      return driver.nowMs - sinceMs;
    }

    test('a policy that brings it ends no session by a time that passed before it came', () => {
      const [driver] = degraded(null, 2 * MINUTE_MS);
      const fromMs = driver.nowMs;
      apply(driver, { quality, degradedMaxMs: MINUTE_MS });
      driver.run(SECOND_MS);
      expect(driver.device.state).toBe('DEGRADED');
      const afterMs = endedAfterMs(driver, fromMs);
      expect(afterMs).toBeGreaterThanOrEqual(MINUTE_MS);
      expect(afterMs).toBeLessThanOrEqual(MINUTE_MS + 200);
    });

    test('as if it began now where that is sooner, and never later, also by a policy without it', () => {
      for (const [ms, mostMs] of [
        [10_000, 40_000],
        [45_000, 60_000],
        [600_000, 60_000],
        [null, 60_000],
      ] as const) {
        const [driver, sinceMs] = degraded(60_000, 30_000);
        apply(driver, { quality, degradedMaxMs: ms });
        const afterMs = endedAfterMs(driver, sinceMs) ?? Number.NaN;
        expect([ms, afterMs >= mostMs, afterMs <= mostMs + 200]).toEqual([ms, true, true]);
      }
    });
  });

  test('a session that has no binding yet: its birth', () => {
    const driver = new Driver();
    driver.boot();
    driver.links(links([ETH]));
    driver.peer.path(ETH).isOutOpen = false;
    driver.run(SECOND_MS);
    expect(driver.device.state).toBe('BIRTH');
    apply(driver, { birthDeadlineMs: 2_000 });
    const fromMs = driver.nowMs;
    driver.run(MINUTE_MS, () => driver.device.state === 'TERMINATED');
    expect([driver.nowMs - fromMs, driver.device.terminated]).toEqual([
      2_000,
      'birth_deadline_exceeded',
    ]);
  });
});

test('questions come by the new cadence at once where it is denser, and once more by the old one where it is not', () => {
  const driver = attachedDevice([ETH]);
  driver.run(20 * SECOND_MS);
  const before = driver.device.transports[0]!.probeAtMs!;
  apply(driver, { heartbeatIdleMs: 60_000 });
  expect(driver.device.transports[0]!.probeAtMs).toBe(before);
  apply(driver, { heartbeatIdleMs: 500 }, LINK_POLICIES, 3);
  expect(driver.device.transports[0]!.probeAtMs).toBe(Math.min(before, driver.nowMs + 500));
});

test('a penalty lasts no longer than the new policy lets any last', () => {
  const driver = attachedDevice([ETH, WLAN]);
  driver.peer.path(ETH).isInOpen = false;
  driver.peer.path(ETH).isOutOpen = false;
  driver.traffic(10, 10 * SECOND_MS);
  driver.run(5 * SECOND_MS, () => driver.device.activeId === WLAN);
  const untilMs = driver.device.transports[0]!.penaltyUntilMs;
  expect(untilMs).toBeGreaterThan(driver.nowMs + 1_000);
  apply(driver, { penaltyMaxMs: 1_000 });
  expect(driver.device.transports[0]!.penaltyUntilMs).toBe(driver.nowMs + 1_000);
});

test('a link that may not be used any more is left as planned, with its reason, without a loss of the session', () => {
  const driver = attachedDevice([ETH, WLAN]);
  driver.run(20 * SECOND_MS);
  expect(driver.device.activeId).toBe(ETH);
  const { sessionId } = driver.device;
  driver.forget();
  apply(driver, {}, { ...LINK_POLICIES, eth0: { preference: 10, cost: 'never' } });
  driver.run(5 * SECOND_MS, () => driver.device.activeId === WLAN);
  driver.until('ATTACHED', 15 * SECOND_MS);
  expect(driver.device).toMatchObject({ activeId: WLAN, sessionId });
  expect(driver.moves[0]).toBe('ATTACHED budget_spent VOLATILE');
});

test('another preference moves the session after the hold-down, and not before', () => {
  const driver = attachedDevice([ETH, WLAN]);
  driver.run(60 * SECOND_MS);
  apply(
    driver,
    { failback: 'always' },
    { ...LINK_POLICIES, wlan0: { preference: 5, cost: 'free' } },
  );
  driver.run(MINUTE_MS, () => driver.device.activeId === WLAN);
  expect(driver.device.activeId).toBe(WLAN);
});

test('what was denied is tried again, and said again if it is denied again', () => {
  const config = configOf({ failback: 'always', failbackStableMs: 1_000, cooldownMs: 60_000 });
  const driver = attachedDevice([WLAN], { config });
  driver.run(SECOND_MS);
  driver.links(links([WLAN, ETH]));
  driver.feed({ kind: 'rebind', atMs: driver.nowMs, linkName: 'eth0' });
  driver.run(10 * SECOND_MS, () => driver.device.activeId === ETH);
  expect(driver.device.activeId).toBe(ETH);
  driver.feed({ kind: 'rebind', atMs: driver.nowMs, linkName: 'wlan0' });
  driver.run(2 * SECOND_MS);
  const before = denials(driver);
  expect(before).toBeGreaterThan(0);
  apply(driver, { failback: 'always', failbackStableMs: 1_000, cooldownMs: 0 });
  driver.run(SECOND_MS);
  driver.feed({ kind: 'rebind', atMs: driver.nowMs, linkName: 'wlan0' });
  driver.run(5 * SECOND_MS, () => driver.device.activeId === WLAN);
  expect(driver.device.activeId).toBe(WLAN);
});

test('in every state a policy is taken: nothing but bounds that are met ends a session', () => {
  const present = [ETH, WLAN, WWAN];
  const driver = new Driver();
  const seen = new Set<string>();
  const every = (version: number) => {
    if (driver.device.phase === 'off') return;
    seen.add(driver.device.state);
    apply(driver, {}, LINK_POLICIES, version);
  };
  driver.boot();
  every(2);
  for (let at = 0; at < 400; at++) {
    driver.run(50 + (at % 7) * 30);
    if (at % 40 === 10) driver.links(links(present));
    if (at % 40 === 25) driver.links(links([]));
    every(at + 3);
  }
  driver.feed({ kind: 'terminate', atMs: driver.nowMs, reasonCode: 'operator_terminated' });
  every(500);
  expect([...seen].sort()).toEqual(['ATTACHED', 'BIRTH', 'RECOVERING', 'TERMINATED']);
  driver.links(links(present));
  driver.until('ATTACHED', 2 * MINUTE_MS);
});
