/** Goal: what anybody can say makes the device ask and nothing else, and not often. */
import { describe, expect, test } from 'bun:test';
import { attachedDevice, type Driver } from './driver.ts';
import { configOf, ETH, LINK_POLICIES, MINUTE_MS, SECOND_MS, WLAN, WWAN } from './setup.ts';

const METERED = configOf({}, { ...LINK_POLICIES, eth0: { preference: 10, cost: 'metered' } });

const say = (driver: Driver, linkName = 'eth0') =>
  driver.feed({ kind: 'hearsay', atMs: driver.nowMs, linkName });
const asked = (driver: Driver, transportId: number) =>
  driver.frames.filter((frame) => frame.type === 'probe' && frame.transportId === transportId);

/** On an idle ETH, in the middle between two heartbeats. */
function idle(config = configOf()): Driver {
  const driver = attachedDevice([ETH, WLAN, WWAN], { config });
  driver.run(MINUTE_MS);
  driver.forget();
  driver.run(SECOND_MS, () => asked(driver, ETH).length > 0);
  driver.run(2 * SECOND_MS);
  driver.forget();
  return driver;
}

describe('hearsay', () => {
  test('◆ the binding is asked at once, it answers, and nothing moves', () => {
    const driver = idle();
    say(driver);
    expect(asked(driver, ETH)).toHaveLength(1);
    driver.run(900);
    expect([driver.moves, driver.device.counters['doubt']]).toEqual([[], undefined]);
    expect(driver.device.counters['doubt_hearsay']).toBe(1);
    expect(asked(driver, WWAN)).toEqual([]);
  });

  test('◆ a flood of it costs a question a second, and the state stays', () => {
    const driver = idle();
    for (let i = 0; i < 2_000; i++) {
      say(driver);
      driver.run(5);
    }
    expect(asked(driver, ETH).length).toBeLessThanOrEqual(12);
    expect([driver.moves, driver.device.activeId]).toEqual([[], ETH]);
  });

  test('metered: one in the time of a keepalive', () => {
    const driver = idle(METERED);
    driver.run(30 * SECOND_MS);
    driver.forget();
    for (let i = 0; i < 600; i++) {
      say(driver);
      driver.run(100);
    }
    expect(asked(driver, ETH).length).toBeLessThanOrEqual(3);
    expect(asked(driver, ETH).length).toBeGreaterThan(0);
  });

  test('it is the silence that is believed: a link that really leads nowhere dies the sooner', () => {
    const driver = idle(METERED);
    driver.run(30 * SECOND_MS);
    const path = driver.peer.path(ETH);
    path.isInOpen = false;
    path.isOutOpen = false;
    say(driver);
    const atMs = driver.nowMs;
    driver.until('RECOVERING', 5 * SECOND_MS);
    expect(driver.nowMs - atMs).toBeLessThanOrEqual(2_500);
    expect(driver.moves).toEqual(['ATTACHED heartbeat_timeout RECOVERING']);
  });

  test('about another link, or without a binding, it asks nobody', () => {
    const driver = idle();
    say(driver, 'wlan0');
    say(driver, 'eth9');
    expect(driver.log).toEqual([]);
    driver.peer.judge = () => null;
    driver.peer.path(ETH).isInOpen = false;
    driver.until('RECOVERING', 10 * SECOND_MS);
    const { length } = driver.log;
    say(driver);
    expect(driver.log).toHaveLength(length);
  });
});
