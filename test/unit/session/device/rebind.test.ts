/**
 * Goal: who asks for another link is told what was in the way, each time, and the event says it as well.
 */
import { describe, expect, test } from 'bun:test';
import { attachedDevice, type Driver } from './driver.ts';
import { configOf, ETH, LINK_POLICIES, links, MINUTE_MS, SECOND_MS, WLAN } from './setup.ts';

const rebind = (driver: Driver, linkName: string) =>
  driver
    .feed({ kind: 'rebind', atMs: driver.nowMs, linkName })
    .flatMap((effect) => (effect.kind === 'rebind' ? [effect.denied] : []));

describe('what was in the way of a rebind is said:', () => {
  // biome-ignore format: this is a table
  const WAYS: readonly (readonly [denied: string, asked: string, before: (driver: Driver) => void])[] = [
    ['link_unknown', 'tun7', () => {}],
    ['already_bound', 'eth0', () => {}],
    ['link_never', 'wlan0', (driver) => { driver.config = configOf({}, { ...LINK_POLICIES, wlan0: { preference: 1, cost: 'never' } }); }],
    ['carrier_lost', 'wlan0', (driver) => driver.links(links([ETH, WLAN], { [WLAN]: 'carrier' }))],
    ['address_lost', 'wlan0', (driver) => driver.links(links([ETH, WLAN], { [WLAN]: 'address' }))],
    ['route_lost', 'wlan0', (driver) => driver.links(links([ETH, WLAN], { [WLAN]: 'route' }))],
    ['no_binding', 'wlan0', (driver) => { driver.peer.judge = () => null; driver.links(links([])); driver.links(links([ETH, WLAN])); }],
    ['claim_under_way', 'wlan0', (driver) => { driver.peer.judge = () => null; rebind(driver, 'wlan0'); driver.run(3 * SECOND_MS, () => driver.device.claim?.purpose === 'stay'); }],
    ['claim_under_way', 'wlan0', (driver) => { driver.peer.judge = () => null; rebind(driver, 'wlan0'); }],
  ];
  for (const [denied, asked, before] of WAYS) {
    test(`${denied}, asked for ${asked}`, () => {
      const driver = attachedDevice([ETH, WLAN]);
      before(driver);
      driver.forget();
      expect(rebind(driver, asked) as unknown[]).toEqual([denied]);
      expect(
        driver.audit.map(({ event, reasonCode, detail }) => [event, reasonCode, detail]),
      ).toEqual([
        ['notice', 'switch_denied', { wanted: 'operator_rebind', linkName: asked, why: denied }],
      ]);
    });
  }

  test('the governor’s reason each time it is asked, and its event once', () => {
    const driver = attachedDevice([ETH, WLAN], { config: configOf({ cooldownMs: MINUTE_MS }) });
    expect(rebind(driver, 'wlan0')).toEqual([null]);
    driver.run(SECOND_MS);
    driver.forget();
    expect([rebind(driver, 'eth0'), rebind(driver, 'eth0')]).toEqual([
      ['cooldown_active'],
      ['cooldown_active'],
    ]);
    expect(driver.audit.map(({ detail }) => detail)).toEqual([
      { transportId: ETH, wanted: 'operator_rebind', denied: 'cooldown_active' },
    ]);
  });
});
