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
