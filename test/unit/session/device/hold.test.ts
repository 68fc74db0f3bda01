/**
 * Goal: what an operator asked for and got holds against failback for as long as it is the binding, and against nothing
 * else.
 *
 * Method: virtual time with the shipped policy, in which a stable, preferred link is gone back to after 30 s.
 */
import { describe, expect, test } from 'bun:test';
import type { DeviceLimits } from '../../../../session/device/limits.ts';
import { attachedDevice, type Driver } from './driver.ts';
import { reject } from './peer.ts';
import {
  configOf,
  ETH,
  HOUR_MS,
  LINK_POLICIES,
  links,
  MINUTE_MS,
  SECOND_MS,
  WLAN,
  WWAN,
} from './setup.ts';

const rebind = (driver: Driver, linkName: string) =>
  driver.feed({ kind: 'rebind', atMs: driver.nowMs, linkName });

/** On the second best link because an operator asked for it. */
function held(limits: Partial<DeviceLimits> = {}): Driver {
  const driver = attachedDevice([ETH, WLAN, WWAN], { config: configOf(limits) });
  rebind(driver, 'wlan0');
  expect(driver.device.heldId).toBeNull();
  driver.run(SECOND_MS, () => driver.device.activeId === WLAN);
  expect(driver.device.heldId).toBe(WLAN);
  driver.run(SECOND_MS);
  driver.forget();
  return driver;
}

const failbacks = (driver: Driver) =>
  driver.audit.filter(({ event, reasonCode }) => event === 'claim' && reasonCode === 'failback');

/** Whether failback goes to the preferred link again, as it did before anybody held anything. */
function expectFailback(driver: Driver): void {
  driver.links(links([ETH, WLAN, WWAN]));
  for (const id of [ETH, WLAN, WWAN])
    Object.assign(driver.peer.path(id), { lossPercent: 0, isInOpen: true, isOutOpen: true });
  driver.run(3 * MINUTE_MS, () => driver.device.activeId === ETH);
  expect(driver.device).toMatchObject({ activeId: ETH, heldId: null });
}

describe('what an operator asked for and got', () => {
  for (const failback of ['better', 'always'] as const) {
    test(`is not left for failback (${failback}), however long the preferred link is stable`, () => {
      const driver = held({ failback });
      driver.run(30 * MINUTE_MS);
      expect(driver.device).toMatchObject({ activeId: WLAN, heldId: WLAN, state: 'ATTACHED' });
      expect(driver.moves).toEqual([]);
    });
  }

  test('is looked at more rarely than a binding that a preferred link is the rival of', () => {
    const ours = held();
    // It has to prove itself for longer than this test lasts.
    const unheld = attachedDevice([WLAN], { config: configOf({ failbackStableMs: HOUR_MS }) });
    unheld.links(links([ETH, WLAN, WWAN]));
    unheld.run(2 * SECOND_MS);
    const steps = [ours, unheld].map((driver) => {
      const before = driver.steps;
      driver.run(10 * MINUTE_MS);
      return driver.steps - before;
    });
    expect(steps[0]! + 300).toBeLessThan(steps[1]!);
  });

  test('holds nothing before it is granted, and nothing where it is refused', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.judge = (frame) =>
      frame.claim.transportId === WLAN ? reject(frame, 'policy_denied') : undefined;
    rebind(driver, 'wlan0');
    driver.run(SECOND_MS);
    expect(driver.device).toMatchObject({ activeId: ETH, heldId: null });
  });

  test('stays held where a plan to leave it comes to nothing, and where another policy comes', () => {
    const driver = held({ cooldownMs: 0 });
    driver.peer.judge = (frame) =>
      frame.claim.transportId === WWAN ? reject(frame, 'policy_denied') : undefined;
    rebind(driver, 'wwan0');
    driver.run(SECOND_MS);
    driver.feed({ kind: 'policy', atMs: driver.nowMs, version: 2, name: 'other' });
    driver.run(10 * MINUTE_MS);
    expect(driver.device).toMatchObject({ activeId: WLAN, heldId: WLAN });
    expect(driver.claims.map(({ reasonCode }) => reasonCode)).toEqual([
      'operator_rebind',
      'switch_abandoned',
    ]);
  });

  test('is held anew by the next rebind, also to the link that policy prefers', () => {
    const driver = held();
    for (const [name, id] of [
      ['wwan0', WWAN],
      ['eth0', ETH],
    ] as const) {
      driver.run(10 * SECOND_MS);
      rebind(driver, name);
      driver.run(MINUTE_MS);
      expect(driver.device).toMatchObject({ activeId: id, heldId: id });
    }
    expect(failbacks(driver)).toEqual([]);
  });
});

// biome-ignore format: this is a table
const ENDS: readonly (readonly [what: string, end: (driver: Driver) => void])[] = [
  ['the link goes', (driver) => driver.links(links([ETH, WWAN]))],
  ['its address goes', (driver) => driver.links(links([ETH, WLAN, WWAN], { [WLAN]: 'address' }))],
  ['its route goes', (driver) => driver.links(links([ETH, WLAN, WWAN], { [WLAN]: 'route' }))],
  ['a send fails', (driver) => driver.feed({ kind: 'sendFailed', atMs: driver.nowMs, transportId: WLAN, error: 'x' })],
  ['it falls silent', (driver) => { driver.traffic(50, 5 * SECOND_MS); Object.assign(driver.peer.path(WLAN), { isInOpen: false, isOutOpen: false }); }],
  ['its quality is bad', (driver) => { driver.traffic(50, 20 * SECOND_MS); driver.peer.path(WLAN).lossPercent = 30; }],
  ['its budget is spent', (driver) => { driver.config = configOf({}, { ...LINK_POLICIES, wlan0: { preference: 30, cost: 'metered', isSpent: true } }); }],
  ['policy lets it carry no more', (driver) => { driver.config = configOf({}, { ...LINK_POLICIES, wlan0: { preference: 30, cost: 'never' } }); }],
  ['the session ends', (driver) => driver.feed({ kind: 'terminate', atMs: driver.nowMs, reasonCode: 'operator_terminated' })],
  ['the process is another one', (driver) => { const { remembered } = driver; driver.kill(); driver.boot(remembered); driver.links(links([ETH, WLAN, WWAN])); }],
];

describe('an operator’s hold ends where', () => {
  for (const [what, end] of ENDS) {
    test(`${what}, and failback is as before`, () => {
      const driver = held();
      end(driver);
      driver.run(MINUTE_MS, () => driver.device.heldId === null);
      expect(driver.device.heldId).toBeNull();
      driver.run(20 * SECOND_MS);
      driver.config = configOf();
      expectFailback(driver);
    });
  }

  test('the binding dies and the same link is the next one: failback leaves it', () => {
    const driver = attachedDevice([WLAN, WWAN]);
    rebind(driver, 'wwan0');
    driver.run(SECOND_MS);
    expect(driver.device.heldId).toBe(WWAN);
    driver.links(links([]));
    driver.links(links([WWAN]));
    driver.until('ATTACHED', 5 * SECOND_MS);
    expect(driver.device).toMatchObject({ activeId: WWAN, heldId: null });
    expectFailback(driver);
    expect(failbacks(driver).length).toBeGreaterThan(0);
  });
});
