import { describe, expect, test } from 'bun:test';
import type { LinkView } from '../../../../session/device/event.ts';
import { attachedDevice, Driver } from './driver.ts';
import { ETH, links, MINUTE_MS, SECOND_MS, WLAN } from './setup.ts';

describe('links', () => {
  test('the same snapshot again changes nothing and asks nothing', () => {
    const driver = attachedDevice([ETH, WLAN]);
    expect(driver.links(links([ETH, WLAN]))).toEqual([]);
  });

  test('a change is said once, with what is missing', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.links(links([ETH, WLAN], { [WLAN]: 'address' }));
    driver.links(links([ETH, WLAN], { [WLAN]: 'address' }));
    const changed = driver.audit.filter(({ reasonCode }) => reasonCode === 'link_changed');
    expect(changed).toHaveLength(1);
    expect(changed[0]?.detail).toEqual({ transportId: WLAN, usable: false, why: 'address_lost' });
  });

  test('a link that comes back is measured anew, and asked at once', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.links(links([ETH]));
    const effects = driver.links(links([ETH, WLAN]));
    expect(effects.filter(({ kind }) => kind === 'send')).toMatchObject([
      { transportId: WLAN, frame: { type: 'probe' } },
    ]);
    expect(driver.device.transports[1]?.liveness.answeredAtMs).toBeNull();
  });

  test("the binding's endpoint changes under it: it is asked there, and its silence is noticed", () => {
    const driver = attachedDevice([ETH]);
    const moved: readonly LinkView[] = links([ETH]).map((link) => ({
      ...link,
      endpoints: link.endpoints.map((endpoint) => ({ ...endpoint, endpoint: '192.0.2.2:51820' })),
    }));
    const effects = driver.links(moved);
    expect(effects.some((effect) => effect.kind === 'send' && effect.frame.type === 'probe')).toBe(
      true,
    );
    driver.peer.path(ETH).isInOpen = false;
    driver.until('RECOVERING', 10 * SECOND_MS);
  });

  /** ETH with other addresses of ours, everything else the same. */
  const seenFrom = (local: string): readonly LinkView[] =>
    links([ETH, WLAN]).map((link) => ({
      ...link,
      endpoints: link.endpoints.map((endpoint) => ({ ...endpoint, local })),
    }));

  test('◆ another address of ours on the binding: the hub is asked from it at once, and nothing moves', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.links(seenFrom('198.51.100.7'));
    driver.run(SECOND_MS);
    driver.forget();
    driver.links(seenFrom('198.51.100.8'));
    const asked = driver.frames.filter(({ type }) => type === 'probe');
    expect(asked.map(({ transportId }) => transportId)).toEqual([ETH, WLAN]);
    expect(driver.audit.map(({ detail }) => detail)).toEqual(
      [ETH, WLAN].map((transportId) => ({ transportId, usable: true, why: 'address_changed' })),
    );
    driver.forget();
    driver.links(seenFrom('198.51.100.8'));
    expect(driver.log).toEqual([]);
    driver.run(MINUTE_MS);
    expect(driver.moves).toEqual([]);
  });

  test('answers that went to the old address are no misses', () => {
    const driver = attachedDevice([ETH, WLAN], { delayMs: 40 });
    driver.links(seenFrom('198.51.100.7'));
    driver.traffic(5, MINUTE_MS);
    driver.run(2 * SECOND_MS);
    // All that is under way is lost.
    driver.peer.path(ETH).isInOpen = false;
    driver.run(40);
    driver.peer.path(ETH).isInOpen = true;
    driver.links(seenFrom('198.51.100.8'));
    driver.run(2 * SECOND_MS);
    expect([driver.moves, driver.device.counters['doubt']]).toEqual([[], undefined]);
  });

  test('a link that loses one family and has the other goes on over the endpoint of that one', () => {
    const driver = attachedDevice([ETH]);
    const both = (has4: boolean, has6: boolean): readonly LinkView[] => [
      {
        ...{ name: 'eth0', kind: 'ethernet', hasCarrier: true, mtuBytes: 1_500 },
        endpoints: [
          {
            ...{ transportId: ETH, endpoint: '192.0.2.1:51821' },
            ...{ hasAddress: has4, hasRoute: has4, local: has4 ? '198.51.100.7' : '' },
          },
          {
            ...{ transportId: 9, endpoint: '[2001:db8::1]:51821' },
            ...{ hasAddress: has6, hasRoute: has6, local: has6 ? '2001:db8::7' : '' },
          },
        ],
      },
    ];
    driver.links(both(true, false));
    driver.run(SECOND_MS);
    driver.forget();
    driver.links(both(false, true));
    expect(driver.moves).toEqual(['ATTACHED address_lost RECOVERING']);
    driver.until('ATTACHED', SECOND_MS);
    expect(driver.device.activeId).toBe(9);
    driver.links(both(true, false));
    driver.until('ATTACHED', 2 * SECOND_MS);
    expect(driver.device.activeId).toBe(ETH);
  });

  test('a fresh link takes over from a claim that was asked twice in vain', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.peer.path(WLAN).isOutOpen = false;
    driver.links(links([WLAN]));
    driver.run(100, () => (driver.device.claim?.sends ?? 0) >= 2);
    driver.links(links([ETH, WLAN]));
    expect(driver.claims.at(-1)?.claim.transportId).toBe(ETH);
  });

  test('without any link nothing is sent and nothing spins, at birth or later', () => {
    const driver = new Driver();
    driver.boot();
    driver.run(10 * MINUTE_MS);
    expect(driver.moves).toEqual(['BIRTH birth_deadline_exceeded TERMINATED']);
    expect(driver.frames).toEqual([]);
    expect(driver.steps).toBeLessThan(20);
  });
});
