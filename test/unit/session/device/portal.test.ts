/** Goal: a link over which nothing of the hub ever came is named once, and one that went silent is not. */
import { describe, expect, test } from 'bun:test';
import { reasonOf } from '../../../../session/reasons.ts';
import { attachedDevice, Driver } from './driver.ts';
import { ETH, links, MINUTE_MS, SECOND_MS, WLAN } from './setup.ts';

const told = (driver: Driver) =>
  driver.audit
    .filter(({ reasonCode }) => reasonCode === 'link_unanswered')
    .map(({ detail }) => detail['transportId']);

const swallow = (driver: Driver, transportId: number) => {
  driver.peer.path(transportId).isOutOpen = false;
};

describe('a link that never answered', () => {
  test('◆ beside a good one: never claimed, told once, with the hint of a captive portal', () => {
    const driver = attachedDevice([ETH]);
    swallow(driver, WLAN);
    driver.links(links([ETH, WLAN]));
    driver.run(10 * MINUTE_MS);
    expect(told(driver)).toEqual([WLAN]);
    expect([driver.moves, driver.claims]).toEqual([[], []]);
    expect(reasonOf('link_unanswered').hint).toContain('captive portal');
  });

  test('preferred, it does not tempt the session to it', () => {
    const driver = attachedDevice([WLAN]);
    swallow(driver, ETH);
    driver.links(links([ETH, WLAN]));
    driver.run(10 * MINUTE_MS);
    expect([driver.moves, driver.claims, told(driver)]).toEqual([[], [], [ETH]]);
  });

  test('a second address of the hub that does not answer says nothing of a link that leads to the first', () => {
    const OTHER = 4;
    const driver = attachedDevice([ETH]);
    swallow(driver, OTHER);
    const [eth] = links([ETH]);
    const [endpoint] = eth!.endpoints;
    driver.links([{ ...eth!, endpoints: [endpoint!, { ...endpoint!, transportId: OTHER }] }]);
    driver.run(10 * MINUTE_MS);
    expect(told(driver)).toEqual([]);
  });

  test('the only one, at birth: told while handshakes get no answer', () => {
    const driver = new Driver();
    swallow(driver, WLAN);
    driver.boot();
    driver.links(links([WLAN]));
    driver.run(30 * SECOND_MS);
    expect(told(driver)).toEqual([WLAN]);
  });

  test('when it comes back it is another one, and is told again', () => {
    const driver = attachedDevice([ETH]);
    swallow(driver, WLAN);
    driver.links(links([ETH, WLAN]));
    driver.run(10 * MINUTE_MS);
    driver.links(links([ETH, WLAN], { [WLAN]: 'carrier' }));
    driver.run(SECOND_MS);
    driver.links(links([ETH, WLAN]));
    driver.run(10 * MINUTE_MS);
    expect(told(driver)).toEqual([WLAN, WLAN]);
  });

  test('one that answered once and fell silent is none', () => {
    const driver = attachedDevice([ETH, WLAN]);
    swallow(driver, WLAN);
    swallow(driver, ETH);
    driver.run(10 * MINUTE_MS);
    expect(told(driver)).toEqual([]);
  });

  test('one that carried the session, lost its carrier and is silent now is told, by what is true of it', () => {
    const driver = attachedDevice([ETH, WLAN]);
    driver.links(links([ETH, WLAN], { [WLAN]: 'carrier' }));
    driver.run(SECOND_MS);
    swallow(driver, WLAN);
    driver.links(links([ETH, WLAN]));
    driver.run(10 * MINUTE_MS);
    expect(told(driver)).toEqual([WLAN]);
    const { sentence } = reasonOf('link_unanswered');
    expect(sentence).not.toContain('never');
    expect(sentence).toContain('since it came up');
  });

  test('nor is one that is slow to come up', () => {
    const driver = attachedDevice([ETH]);
    swallow(driver, WLAN);
    driver.links(links([ETH, WLAN]));
    driver.run(2_500);
    driver.peer.path(WLAN).isOutOpen = true;
    driver.run(10 * MINUTE_MS);
    expect(told(driver)).toEqual([]);
  });
});
