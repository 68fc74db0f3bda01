/** Goal: a spent budget makes the session leave the link if there is anywhere to go, and changes nothing if there is not. */
import { describe, expect, test } from 'bun:test';
import { attachedDevice, type Driver } from './driver.ts';
import { configOf, ETH, LINK_POLICIES, links, MINUTE_MS, SECOND_MS, WLAN, WWAN } from './setup.ts';

/** From here on the budgets of these links are used up. */
function spend(driver: Driver, ...names: string[]): void {
  const spent = Object.entries(LINK_POLICIES).map(([name, policy]) => [
    name,
    names.includes(name) ? { ...policy, isSpent: true } : policy,
  ]);
  driver.config = configOf({}, Object.fromEntries(spent));
}

const switches = (driver: Driver) => driver.audit.filter(({ event }) => event === 'switch').length;

/** On LTE, with what else there is appearing afterwards; `failback` would take longer than these tests. */
function onLte(driver: Driver): Driver {
  driver.feed({ kind: 'links', atMs: driver.nowMs, links: links([WWAN]) });
  driver.run(10 * SECOND_MS, () => driver.device.activeId === WWAN);
  driver.run(SECOND_MS);
  return driver;
}

describe('a link whose budget is spent', () => {
  test('is left for one that answers, as a planned switch with its reason', () => {
    const driver = onLte(attachedDevice([WLAN, WWAN]));
    driver.feed({ kind: 'links', atMs: driver.nowMs, links: links([WLAN, WWAN]) });
    driver.run(2 * SECOND_MS);
    expect(driver.device.activeId).toBe(WWAN);
    driver.forget();
    spend(driver, 'wwan0');
    driver.run(MINUTE_MS, () => driver.device.activeId === WLAN);
    expect(driver.device.activeId).toBe(WLAN);
    expect(switches(driver)).toBe(1);
    expect(driver.moves).toEqual([
      'ATTACHED budget_spent VOLATILE',
      'VOLATILE budget_spent ATTACHED',
    ]);
  });

  test('◆ at once when the last of it is used up, although nothing is due for minutes', () => {
    for (const waitMs of [3_000, 20_000, 200_000]) {
      const driver = attachedDevice([ETH, WWAN]);
      driver.run(MINUTE_MS);
      driver.feed({ kind: 'rebind', atMs: driver.nowMs, linkName: 'wwan0' });
      driver.run(MINUTE_MS + waitMs);
      expect(driver.device.activeId).toBe(WWAN);
      spend(driver, 'wwan0');
      driver.feed({ kind: 'spent', atMs: driver.nowMs, linkName: 'wwan0' });
      expect(driver.moves.at(-1)).toBe('ATTACHED budget_spent VOLATILE');
      driver.run(SECOND_MS);
      expect(driver.device.activeId).toBe(ETH);
    }
  });

  test('with nowhere else to go nothing changes', () => {
    const driver = attachedDevice([WWAN]);
    driver.run(MINUTE_MS);
    driver.forget();
    spend(driver, 'wwan0');
    driver.feed({ kind: 'spent', atMs: driver.nowMs, linkName: 'wwan0' });
    driver.run(30 * MINUTE_MS);
    expect([driver.device.state, driver.device.activeId]).toEqual(['ATTACHED', WWAN]);
    expect([driver.moves, driver.claims]).toEqual([[], []]);
  });

  test('nor does it where every other budget is spent, too', () => {
    const driver = onLte(attachedDevice([WLAN, WWAN]));
    driver.feed({ kind: 'links', atMs: driver.nowMs, links: links([WLAN, WWAN]) });
    driver.forget();
    spend(driver, 'wlan0', 'wwan0');
    driver.run(10 * MINUTE_MS);
    expect([driver.device.activeId, driver.moves]).toEqual([WWAN, []]);
  });

  test('is no target of failback, however stable it is', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.feed({ kind: 'links', atMs: driver.nowMs, links: links([WLAN]) });
    driver.run(10 * SECOND_MS, () => driver.device.activeId === WLAN);
    spend(driver, 'eth0');
    driver.feed({ kind: 'links', atMs: driver.nowMs, links: links([ETH, WLAN]) });
    driver.forget();
    driver.run(10 * MINUTE_MS);
    expect([driver.device.activeId, switches(driver)]).toEqual([WLAN, 0]);
    spend(driver);
    driver.run(2 * MINUTE_MS, () => driver.device.activeId === ETH);
    expect(driver.moves[0]).toBe('ATTACHED failback VOLATILE');
  });

  test('is the last way back from death, and a way back: the only link left is always tried', () => {
    const driver = attachedDevice([ETH, WLAN, WWAN]);
    spend(driver, 'wlan0', 'wwan0');
    driver.run(MINUTE_MS);
    driver.feed({ kind: 'links', atMs: driver.nowMs, links: links([WLAN, WWAN]) });
    driver.run(10 * SECOND_MS, () => driver.device.state === 'ATTACHED');
    expect([driver.device.state, driver.device.activeId]).toEqual(['ATTACHED', WLAN]);
  });

  test('comes behind one that is worth less but has bytes left', () => {
    const driver = attachedDevice([ETH, WLAN, WWAN]);
    spend(driver, 'wlan0');
    driver.run(MINUTE_MS);
    driver.feed({ kind: 'links', atMs: driver.nowMs, links: links([WLAN, WWAN]) });
    driver.run(10 * SECOND_MS, () => driver.device.state === 'ATTACHED');
    expect(driver.device.activeId).toBe(WWAN);
  });
});
