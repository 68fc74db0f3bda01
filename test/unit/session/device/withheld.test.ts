/**
 * Goal: a better link that a rule keeps the session from is told of with that rule, once, and no wake-up is spent on it.
 * Method: one link that is better and one rule against it; the events are counted while the device looks again and again.
 */
import { describe, expect, test } from 'bun:test';
import type { LinkView } from '../../../../session/device/event.ts';
import type { DeviceLimits, LinkPolicy } from '../../../../session/device/limits.ts';
import { TRANSPORTS_MAX } from '../../../../session/device/sizes.ts';
import { attachedDevice, type Driver } from './driver.ts';
import { reject } from './peer.ts';
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

const withheld = (driver: Driver) =>
  driver.audit
    .filter(({ event, reasonCode }) => event === 'notice' && reasonCode === 'switch_denied')
    .map(({ detail: { transportId, wanted, denied } }) => `${wanted} T${transportId} ${denied}`);

/** On WLAN, because ETH came later. */
function onSecondBest(
  limits: Partial<DeviceLimits> = {},
  policies: Readonly<Record<string, LinkPolicy>> = LINK_POLICIES,
): Driver {
  const driver = attachedDevice([WLAN], { config: configOf(limits, policies) });
  driver.links(links([ETH, WLAN]));
  return driver;
}

/** Every link but WLAN is better than it. */
const allPreferred: Readonly<Record<string, LinkPolicy>> = new Proxy(
  {},
  { get: (_, name) => ({ preference: name === 'wlan0' ? 30 : 10, cost: 'free' }) },
);

const named = (name: string, transportId: number): LinkView => ({
  ...links([ETH])[0]!,
  name,
  endpoints: [{ ...links([ETH])[0]!.endpoints[0]!, transportId }],
});

/** The binding becomes slower than policy lets it be, step by step, and another link is hardly better. */
function onSlowLink(): Driver {
  const quality = { ...LIMITS.quality, rttEnterMs: 200, rttLeaveMs: 100 };
  const config = configOf({ quality, improvementPercent: 50 });
  const driver = attachedDevice([ETH, WLAN], { config });
  driver.peer.path(WLAN).delayMs = 90;
  // What it was before is out of the window by then.
  driver.run(MINUTE_MS);
  driver.traffic(50, MINUTE_MS);
  for (let delayMs = 10; delayMs <= 130; delayMs += 12) {
    driver.peer.path(ETH).delayMs = delayMs;
    driver.run(300);
  }
  return driver;
}

describe('◆ a better link that is not gone to is an event, once, with the rule', () => {
  test('the hold-down is not over', () => {
    const driver = onSecondBest();
    driver.run(29 * SECOND_MS);
    expect(withheld(driver)).toEqual(['failback T1 hold_down_active']);
  });

  test('also of a link that comes and goes', () => {
    const driver = onSecondBest();
    for (let i = 0; i < 8; i++) {
      driver.run(10 * SECOND_MS);
      driver.links(links([WLAN]));
      driver.links(links([ETH, WLAN]));
    }
    expect(withheld(driver)).toEqual(['failback T1 hold_down_active']);
  });

  test('however many of them there are', () => {
    const many = Array.from({ length: TRANSPORTS_MAX - 1 }, (_, at) => named(`eth${at}`, 10 + at));
    const driver = onSecondBest({ failback: 'on_failure' }, allPreferred);
    driver.links([...many, ...links([WLAN])]);
    driver.run(2 * MINUTE_MS);
    expect(new Set(withheld(driver)).size).toBe(many.length);
    expect(withheld(driver)).toHaveLength(many.length);
  });

  test('also beside links that come under ever new names, which do not add up', () => {
    const driver = onSecondBest({ failback: 'on_failure' }, allPreferred);
    const countMax = 2 * TRANSPORTS_MAX;
    for (let at = 0; at < countMax; at++) {
      driver.links([...links([ETH, WLAN]), named(`usb${at}`, 10 + at)]);
      driver.run(10 * SECOND_MS);
    }
    expect(withheld(driver)).toHaveLength(1 + countMax);
    expect(withheld(driver).filter((said) => said.includes(`T${ETH} `))).toHaveLength(1);
    expect(driver.device.withheldFor.length).toBeLessThanOrEqual(TRANSPORTS_MAX);
  });

  test('its penalty is not over; and the hold-down, where that lasts longer', () => {
    for (const [failbackStableMs, rule] of [
      [1_000, 'penalty_active'],
      [20_000, 'hold_down_active'],
    ] as const) {
      const driver = attachedDevice([ETH, WLAN], { config: configOf({ failbackStableMs }) });
      driver.feed({ kind: 'sendFailed', atMs: driver.nowMs, transportId: ETH, error: 'x' });
      driver.run(4 * SECOND_MS);
      expect(driver.device.activeId).toBe(WLAN);
      // What it answered before it failed counts on.
      driver.run(MINUTE_MS, () => driver.device.activeId === ETH);
      expect(withheld(driver)).toContain(`failback T1 ${rule}`);
      expect(new Set(withheld(driver)).size).toBe(withheld(driver).length);
    }
  });

  test('its budget is spent', () => {
    const eth0: LinkPolicy = { preference: 10, cost: 'metered', isSpent: true };
    const driver = onSecondBest({ failbackStableMs: 0 }, { ...LINK_POLICIES, eth0 });
    driver.run(2 * MINUTE_MS);
    expect(withheld(driver)).toEqual(['failback T1 budget_spent']);
  });

  test('the policy goes back on failure alone', () => {
    const driver = onSecondBest({ failback: 'on_failure' });
    driver.run(2 * MINUTE_MS);
    expect(withheld(driver)).toEqual(['failback T1 failback_on_failure']);
  });

  test('it is stable, and slower than failback accepts', () => {
    const driver = onSecondBest({ failback: 'better' });
    driver.peer.path(ETH).delayMs = 400;
    driver.run(2 * MINUTE_MS);
    expect(withheld(driver)).toEqual([
      'failback T1 hold_down_active',
      'failback T1 failback_not_better',
    ]);
  });

  test('a plan was refused, and the pause behind it lasts longer than what that cost the link', () => {
    const driver = onSecondBest();
    driver.peer.judge = (frame) =>
      frame.claim.transportId === ETH
        ? reject(frame, 'cooldown_active', { retryAfterMs: 120_000 })
        : undefined;
    driver.run(2 * MINUTE_MS);
    expect(withheld(driver)).toEqual([
      'failback T1 hold_down_active',
      'failback T1 switch_abandoned',
    ]);
  });

  test('the binding’s budget is spent, and the only other link is penalised', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.feed({ kind: 'sendFailed', atMs: driver.nowMs, transportId: ETH, error: 'x' });
    driver.until('ATTACHED', SECOND_MS);
    const wlan0: LinkPolicy = { preference: 30, cost: 'metered', isSpent: true };
    driver.config = configOf({}, { ...LINK_POLICIES, wlan0 });
    driver.run(4 * SECOND_MS);
    expect(withheld(driver)).toContain('budget_spent T1 penalty_active');
    driver.run(6 * SECOND_MS);
    expect(driver.device.activeId).toBe(ETH);
  });

  test('it is better than a slow binding, by less than policy asks', () => {
    const driver = onSlowLink();
    driver.run(10 * SECOND_MS);
    expect(driver.device.activeId).toBe(ETH);
    expect(withheld(driver)).toEqual(['quality_rtt T2 improvement_too_small']);
  });
});

test('another binding, and another policy, make it another matter', () => {
  const driver = onSecondBest({ failback: 'on_failure' });
  driver.run(MINUTE_MS);
  driver.feed({ kind: 'policy', atMs: driver.nowMs, version: 2, name: 'same' });
  driver.run(MINUTE_MS);
  expect(withheld(driver)).toHaveLength(2);
  driver.feed({ kind: 'rebind', atMs: driver.nowMs, linkName: 'eth0' });
  driver.run(SECOND_MS);
  driver.links(links([WLAN]));
  driver.until('ATTACHED', SECOND_MS);
  driver.links(links([ETH, WLAN]));
  driver.run(MINUTE_MS);
  expect(withheld(driver)).toHaveLength(3);
});

test('nobody is kept from what does not answer, is not preferred, or was left by an operator', () => {
  const silent = attachedDevice([WLAN]);
  silent.peer.path(ETH).isInOpen = false;
  silent.links(links([ETH, WLAN]));
  silent.run(MINUTE_MS);
  expect(withheld(silent)).toEqual([]);

  const best = attachedDevice([ETH, WLAN, WWAN]);
  best.run(2 * MINUTE_MS);
  expect(withheld(best)).toEqual([]);

  best.feed({ kind: 'rebind', atMs: best.nowMs, linkName: 'wlan0' });
  best.run(2 * MINUTE_MS);
  expect(best.device.activeId).toBe(WLAN);
  expect(withheld(best)).toEqual([]);
});
