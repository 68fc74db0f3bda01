/**
 * Goal: who asks for another link is told what was in the way, each time, and the event says it as well.
 */
import { describe, expect, test } from 'bun:test';
import { newest } from './claiming.ts';
import { attachedDevice, type Driver } from './driver.ts';
import { reattached } from './peer.ts';
import { configOf, ETH, LINK_POLICIES, links, MINUTE_MS, SECOND_MS, WLAN } from './setup.ts';

/** The transports of the same links to the hub's other address. */
const ETH_6 = 4;
const WLAN_6 = 5;

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

test('a claim to stay that was granted and waits for flash is under way: nothing is claimed beside it', () => {
  const driver = attachedDevice([ETH]);
  driver.traffic(10, MINUTE_MS);
  driver.run(2 * SECOND_MS);
  const path = driver.peer.path(ETH);
  path.isInOpen = false;
  driver.run(400);
  driver.flashDelayMs = 400;
  driver.peer.judge = () => null;
  path.isInOpen = true;
  expect(driver.run(SECOND_MS, () => driver.device.claim?.purpose === 'stay')).toBe(true);
  const renewed = { secret: new Uint8Array(32).fill(77), memoryKey: new Uint8Array(32).fill(78) };
  driver.peer.commit(newest(driver), driver.device.channel?.channelId ?? 0);
  driver.frame({ ...reattached(newest(driver)), renewed }, ETH);
  driver.links(links([ETH, WLAN]));
  expect(driver.device).toMatchObject({ claim: null, plannedAtMs: null, activeId: ETH });
  expect(rebind(driver, 'wlan0')).toEqual(['claim_under_way']);
  expect(driver.claims).toHaveLength(1);
});

function silence(driver: Driver, ids: readonly number[]): void {
  for (const id of ids) driver.peer.path(id).isOutOpen = false;
}

/** Both links lead to two addresses of the hub, as with every name; on the first one of eth0. */
function twoAddresses(how: { unusableId?: number; silentIds?: readonly number[] } = {}): Driver {
  const driver = attachedDevice([ETH]);
  silence(driver, how.silentIds ?? []);
  const [eth, wlan] = links([ETH, WLAN]);
  const views = [
    [eth!, ETH_6],
    [wlan!, WLAN_6],
  ] as const;
  driver.links(
    views.map(([link, otherId]) => {
      const [first] = link.endpoints;
      const hasAddress = how.unusableId !== otherId;
      const other = { transportId: otherId, endpoint: '[2001:db8::1]:51820', hasAddress };
      return { ...link, endpoints: [first!, { ...first!, ...other }] };
    }),
  );
  driver.run(10 * SECOND_MS);
  driver.forget();
  return driver;
}

describe('where a link leads to two addresses of the hub', () => {
  test('the binding’s link is the binding’s over either of them, and nothing moves or is held', () => {
    for (const unusableId of [ETH_6, 0]) {
      const driver = twoAddresses({ unusableId });
      expect([unusableId, rebind(driver, 'eth0')]).toEqual([unusableId, ['already_bound']]);
      driver.run(5 * SECOND_MS);
      expect(driver.device).toMatchObject({ activeId: ETH, heldId: null });
      expect(driver.claims).toEqual([]);
    }
  });

  test('the one that answers is claimed, whichever comes first', () => {
    for (const [silentId, answeringId] of [
      [WLAN, WLAN_6],
      [WLAN_6, WLAN],
    ] as const) {
      const driver = twoAddresses({ silentIds: [silentId] });
      expect(rebind(driver, 'wlan0')).toEqual([null]);
      driver.run(SECOND_MS);
      const { activeId, heldId } = driver.device;
      expect([activeId, heldId]).toEqual([answeringId, answeringId]);
    }
  });

  test('what has fallen silent comes behind what answers', () => {
    for (const [silentId, answeringId] of [
      [WLAN, WLAN_6],
      [WLAN_6, WLAN],
    ] as const) {
      const driver = twoAddresses();
      const metered = { preference: 30, cost: 'metered' } as const;
      driver.config = configOf({}, { ...LINK_POLICIES, wlan0: metered });
      silence(driver, [silentId]);
      const hasMissed = () =>
        driver.device.transports.some(({ liveness }) => liveness.missedInRow === 1);
      expect(driver.run(10 * MINUTE_MS, hasMissed)).toBe(true);
      // Longer than quality looks back, and shorter than a metered standby is left alone.
      driver.run(2 * MINUTE_MS);
      expect(hasMissed()).toBe(true);
      expect(rebind(driver, 'wlan0')).toEqual([null]);
      driver.run(SECOND_MS);
      expect(driver.device.activeId).toBe(answeringId);
    }
  });

  test('so it is where the link’s budget is spent and no plan would go there', () => {
    const driver = twoAddresses({ silentIds: [WLAN] });
    const spent = { preference: 30, cost: 'metered', isSpent: true } as const;
    driver.config = configOf({}, { ...LINK_POLICIES, wlan0: spent });
    expect(rebind(driver, 'wlan0')).toEqual([null]);
    expect(driver.claims.map(({ claim }) => claim.transportId)).toEqual([WLAN_6]);
  });

  test('where neither answers, the next request claims the other one', () => {
    const driver = twoAddresses({ silentIds: [WLAN, WLAN_6] });
    for (const _ of [1, 2]) {
      expect(rebind(driver, 'wlan0')).toEqual([null]);
      driver.run(4 * SECOND_MS);
      expect(driver.device).toMatchObject({ activeId: ETH, heldId: null, state: 'ATTACHED' });
    }
    const asked = driver.claims.filter(({ reasonCode }) => reasonCode === 'operator_rebind');
    expect(new Set(asked.map(({ claim }) => claim.transportId))).toEqual(new Set([WLAN, WLAN_6]));
  });

  test('the address that can be used is claimed where the other one cannot', () => {
    const driver = twoAddresses({ unusableId: WLAN_6, silentIds: [WLAN] });
    expect(rebind(driver, 'wlan0')).toEqual([null]);
    expect(driver.claims.map(({ claim }) => claim.transportId)).toEqual([WLAN]);
  });
});
