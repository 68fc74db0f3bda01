import { describe, expect, test } from 'bun:test';
import { recentSwitches } from '../../../../session/device/choice.ts';
import { attachedDevice, type Driver } from './driver.ts';
import { reject } from './peer.ts';
import { configOf, ETH, LINK_POLICIES, links, MINUTE_MS, SECOND_MS, WLAN, WWAN } from './setup.ts';

const rebind = (driver: Driver, linkName: string) =>
  driver.feed({ kind: 'rebind', atMs: driver.nowMs, linkName });
const notices = (driver: Driver, code: string) =>
  driver.audit.filter(({ event, reasonCode }) => event === 'notice' && reasonCode === code);
const purposes = (driver: Driver) =>
  driver.claims.map((frame) => (frame.type === 'reattach' ? frame.purpose : 'attach'));

describe('a planned switch', () => {
  test('is made before it is broken: data stays on the old transport until the answer', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.path(WLAN).delayMs = 100;
    rebind(driver, 'wlan0');
    driver.run(199);
    expect(driver.device.state).toBe('VOLATILE');
    expect(driver.device.activeId).toBe(ETH);
    expect(driver.log.some(({ kind }) => kind === 'route')).toBe(false);
    driver.run(2);
    expect(driver.device.activeId).toBe(WLAN);
    expect(driver.moves).toEqual([
      'ATTACHED operator_rebind VOLATILE',
      'VOLATILE operator_rebind ATTACHED',
    ]);
  });

  test("the old transport's data is taken for resend.max_age_ms more, and then no longer", () => {
    const config = configOf({ resendMaxAgeMs: 1_777 });
    const driver = attachedDevice([ETH, WLAN], { config });
    rebind(driver, 'wlan0');
    driver.run(SECOND_MS, () => driver.device.activeId === WLAN);
    const accepted = () => driver.log.findLast(({ kind }) => kind === 'accept');
    expect(accepted()).toMatchObject({
      from: [
        { transportId: WLAN, untilMs: null },
        { transportId: ETH, untilMs: driver.nowMs + 1_777 },
      ],
    });
    driver.run(1_777);
    expect(accepted()).toMatchObject({
      atMs: driver.nowMs,
      from: [{ transportId: WLAN, untilMs: null }],
    });
  });

  test('◆ the governor is asked first: a denied plan is one event and no transition', () => {
    const driver = attachedDevice([ETH, WLAN], { config: configOf({ cooldownMs: 60_000 }) });
    rebind(driver, 'wlan0');
    driver.run(SECOND_MS);
    driver.forget();
    const version = driver.device.stateVersion;
    for (let i = 0; i < 20; i++) {
      rebind(driver, 'eth0');
      driver.run(500);
    }
    expect(driver.moves).toEqual([]);
    expect(driver.claims).toEqual([]);
    expect(driver.device.stateVersion).toBe(version);
    expect(notices(driver, 'switch_denied')).toHaveLength(1);
    expect(notices(driver, 'switch_denied')[0]?.detail['denied']).toBe('cooldown_active');
  });

  test('◆ denied by turns, two links, two wishes: each is said once', () => {
    const config = configOf({ cooldownMs: 60_000 });
    const driver = attachedDevice([ETH, WLAN, WWAN], { config });
    rebind(driver, 'wlan0');
    driver.run(SECOND_MS);
    driver.forget();
    for (let i = 0; i < 20; i++) {
      rebind(driver, i % 2 === 0 ? 'eth0' : 'wwan0');
      driver.run(500);
    }
    const said = notices(driver, 'switch_denied').map(({ detail }) => detail['transportId']);
    expect(said).toEqual([ETH, WWAN]);
  });

  test('cooldown_ms after a switch the next one is allowed, a millisecond before it is not', () => {
    for (const [waitMs, isAllowed] of [
      [1_499, false],
      [1_500, true],
    ] as const) {
      const driver = attachedDevice([ETH, WLAN]);
      rebind(driver, 'wlan0');
      driver.run(SECOND_MS, () => driver.device.activeId === WLAN);
      driver.run(waitMs);
      rebind(driver, 'eth0');
      expect(driver.device.state === 'VOLATILE').toBe(isAllowed);
    }
  });

  test('planned switches use at most cap − 2; recovery still finds its slots', () => {
    const config = configOf({ maxSwitchesPerMinute: 5, cooldownMs: 0 });
    const driver = attachedDevice([ETH, WLAN], { config });
    for (let i = 0; i < 10; i++) {
      rebind(driver, driver.device.activeId === ETH ? 'wlan0' : 'eth0');
      driver.run(500);
    }
    expect(recentSwitches(driver.device)).toHaveLength(3);
    for (let i = 0; i < 2; i++) {
      driver.links(links([driver.device.activeId === ETH ? WLAN : ETH]));
      driver.until('ATTACHED', SECOND_MS);
    }
    expect(recentSwitches(driver.device)).toHaveLength(5);
  });

  test('a link that policy forbids, is not there or is used already is no target', () => {
    const driver = attachedDevice([ETH, WLAN], {
      config: configOf({}, { ...LINK_POLICIES, wlan0: { preference: 1, cost: 'never' } }),
    });
    for (const name of ['wlan0', 'eth0', 'wwan0', 'tun7']) rebind(driver, name);
    expect(driver.moves).toEqual([]);
    expect(notices(driver, 'switch_denied')).toHaveLength(4);
  });

  test('a spent budget moves the session off the link, soon after what spent it', () => {
    const driver = attachedDevice([ETH, WWAN], {
      config: configOf({}, { ...LINK_POLICIES, wwan0: { preference: 1, cost: 'metered' } }),
    });
    expect(driver.device.activeId).toBe(WWAN);
    driver.config = configOf({}, { ...LINK_POLICIES, wwan0: { preference: 1, cost: 'never' } });
    // Bytes spend a budget: of an idle session those of its keepalive.
    driver.run(driver.config.limits.meteredKeepaliveMs + 6 * SECOND_MS);
    expect(driver.moves[0]).toBe('ATTACHED budget_spent VOLATILE');
    expect(driver.device.activeId).toBe(ETH);
  });

  test('with nowhere else to go, a spent budget changes nothing', () => {
    const driver = attachedDevice([WWAN]);
    driver.config = configOf({}, { wwan0: { preference: 1, cost: 'never' } });
    driver.run(MINUTE_MS);
    expect(driver.moves).toEqual([]);
  });
});

describe('staying', () => {
  test('◆ a claim that was sent is undone only by a newer one, over the old transport', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.judge = (frame) => (frame.claim.transportId === WLAN ? null : undefined);
    rebind(driver, 'wlan0');
    driver.run(2 * SECOND_MS);
    const [plan] = driver.claims;
    const stay = driver.claims.at(-1);
    expect(stay).toMatchObject({ purpose: 'stay', reasonCode: 'switch_abandoned' });
    expect(stay?.claim.transportId).toBe(ETH);
    expect(stay?.claim.stateVersion).toBeGreaterThan(plan?.claim.stateVersion ?? 0);
    expect(driver.moves.at(-1)).toBe('VOLATILE switch_abandoned ATTACHED');
    expect(driver.device.switchedAtMs).toEqual([]);
  });

  test('◆ also after a refusal: a repeat of the plan may still be under way', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.judge = (frame) =>
      frame.claim.transportId === WLAN
        ? reject(frame, 'policy_denied', { retryAfterMs: 30_000 })
        : undefined;
    rebind(driver, 'wlan0');
    driver.run(SECOND_MS);
    expect(purposes(driver)).toEqual(['planned', 'stay']);
    expect(driver.device.state).toBe('ATTACHED');
  });

  test('the old transport dies while a plan waits: its claim is undone by the recovery', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.judge = () => null;
    rebind(driver, 'wlan0');
    driver.links(links([WLAN]));
    expect(driver.moves.at(-1)).toBe('VOLATILE carrier_lost RECOVERING');
    expect(purposes(driver)).toEqual(['planned', 'recovery']);
  });

  test("the plan's link vanishes: nothing spins, and the session stays", () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.judge = (frame) => (frame.claim.transportId === WLAN ? null : undefined);
    rebind(driver, 'wlan0');
    driver.run(10);
    driver.links(links([ETH]));
    driver.run(SECOND_MS);
    expect(driver.moves.at(-1)).toBe('VOLATILE switch_abandoned ATTACHED');
  });

  test('a target that did not take us is not asked again at once, however stable it looks', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.links(links([WLAN], {}));
    driver.until('ATTACHED', SECOND_MS);
    driver.peer.judge = (frame) =>
      frame.claim.transportId === ETH ? reject(frame, 'policy_denied') : undefined;
    driver.links(links([ETH, WLAN]));
    driver.forget();
    driver.run(30 * MINUTE_MS);
    const plans = purposes(driver).filter((purpose) => purpose === 'planned').length;
    expect(plans).toBeGreaterThan(2);
    expect(plans).toBeLessThan(12);
  });

  test('refused for its pace, the next plan keeps the wait that the hub asked for', () => {
    const driver = attachedDevice([WLAN]);
    driver.peer.judge = (frame) =>
      frame.claim.transportId === ETH
        ? reject(frame, 'cooldown_active', { retryAfterMs: 120_000 })
        : undefined;
    driver.links(links([ETH, WLAN]));
    driver.run(10 * MINUTE_MS);
    const plans = driver.claims.filter((frame) => frame.claim.transportId === ETH);
    expect(plans.length).toBeGreaterThan(1);
    for (const [i, { atMs }] of plans.entries()) {
      if (i > 0) expect(atMs - (plans[i - 1]?.atMs ?? 0)).toBeGreaterThanOrEqual(120_000);
    }
  });

  test('staying in DEGRADED restores nothing: quality decides', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.device = { ...driver.device, state: 'DEGRADED' };
    driver.peer.judge = (frame) => (frame.claim.transportId === WLAN ? null : undefined);
    rebind(driver, 'wlan0');
    driver.run(3 * SECOND_MS, () => driver.claims.some(({ claim }) => claim.transportId === ETH));
    driver.run(100);
    expect(driver.device.claim).toBeNull();
    expect(driver.device.state).toBe('DEGRADED');
    expect(driver.moves).toEqual([]);
  });

  test('in VOLATILE and DEGRADED a plan is recorded without a transition of its own', () => {
    for (const state of ['VOLATILE', 'DEGRADED'] as const) {
      const driver = attachedDevice([ETH, WLAN]);
      driver.device = { ...driver.device, state };
      rebind(driver, 'wlan0');
      expect(driver.moves).toEqual([]);
      driver.run(100);
      expect(driver.moves).toEqual([`${state} operator_rebind ATTACHED`]);
      expect(driver.device.activeId).toBe(WLAN);
    }
  });
});

describe('failback', () => {
  /** On WLAN, because ETH came later. */
  function onSecondBest(limits: Parameters<typeof configOf>[0] = {}): Driver {
    const driver = attachedDevice([WLAN], { config: configOf(limits) });
    driver.links(links([ETH, WLAN]));
    return driver;
  }

  test('goes back to the preferred link after the hold-down, and not before', () => {
    const driver = onSecondBest();
    driver.run(29_900);
    expect(driver.moves).toEqual([]);
    driver.run(SECOND_MS);
    expect(driver.moves).toEqual(['ATTACHED failback VOLATILE', 'VOLATILE failback ATTACHED']);
    expect(driver.device.activeId).toBe(ETH);
  });

  test('a flap starts the hold-down anew', () => {
    const driver = onSecondBest();
    driver.run(29 * SECOND_MS);
    driver.links(links([WLAN]));
    driver.links(links([ETH, WLAN]));
    driver.run(29 * SECOND_MS);
    expect(driver.moves).toEqual([]);
    driver.run(2 * SECOND_MS);
    expect(driver.device.activeId).toBe(ETH);
  });

  test('two misses in a row start it anew, one does not', () => {
    const driver = onSecondBest();
    driver.run(20 * SECOND_MS);
    driver.peer.path(ETH).isInOpen = false;
    driver.run(990);
    driver.peer.path(ETH).isInOpen = true;
    driver.run(11 * SECOND_MS);
    expect(driver.device.activeId).toBe(ETH);

    const unstable = onSecondBest();
    unstable.run(20 * SECOND_MS);
    unstable.peer.path(ETH).isInOpen = false;
    unstable.run(2_500);
    unstable.peer.path(ETH).isInOpen = true;
    unstable.run(28 * SECOND_MS);
    expect(unstable.moves).toEqual([]);
  });

  test('on_failure: never by itself', () => {
    const driver = onSecondBest({ failback: 'on_failure' });
    driver.run(10 * MINUTE_MS);
    expect(driver.moves).toEqual([]);
  });

  test('better: not to a preferred link that is lossy or slow; always: to that one too', () => {
    for (const [failback, expected] of [
      ['better', WLAN],
      ['always', ETH],
    ] as const) {
      const driver = onSecondBest({ failback });
      driver.peer.path(ETH).delayMs = 400;
      driver.run(2 * MINUTE_MS);
      expect(driver.device.activeId).toBe(expected);
    }
  });

  test('better: a preferred link that is slower, but fast enough, is taken', () => {
    const driver = onSecondBest();
    driver.peer.path(ETH).delayMs = 100;
    driver.run(MINUTE_MS);
    expect(driver.device.activeId).toBe(ETH);
  });

  test('a penalised link waits for the end of its penalty', () => {
    const driver = attachedDevice([ETH, WLAN], {
      config: configOf({ failbackStableMs: 1_000, cooldownMs: 0 }),
    });
    driver.feed({ kind: 'sendFailed', atMs: driver.nowMs, transportId: ETH, error: 'x' });
    const deadAtMs = driver.nowMs;
    driver.until('ATTACHED', SECOND_MS);
    driver.run(MINUTE_MS, () => driver.device.activeId === ETH);
    expect(driver.nowMs - deadAtMs).toBeGreaterThanOrEqual(5_000);
    expect(driver.nowMs - deadAtMs).toBeLessThan(6_000);
  });

  test('a link that fails under load again and again is returned to ever more rarely', () => {
    const driver = attachedDevice([ETH, WLAN], { config: configOf({ failbackStableMs: 1_000 }) });
    for (let i = 0; i < 3_600; i++) {
      driver.run(SECOND_MS);
      if (driver.device.activeId === ETH)
        driver.feed({ kind: 'sendFailed', atMs: driver.nowMs, transportId: ETH, error: 'x' });
    }
    const back = driver.audit.filter(
      ({ event, detail }) => event === 'switch' && detail['transportId'] === ETH,
    );
    expect(back.length).toBeGreaterThan(4);
    expect(back.length).toBeLessThan(16);
  });
});
