/** Goal: a link that policy never uses is not asked, for each question would cost; the binding is until it is left. */
import { expect, test } from 'bun:test';
import type { DeviceConfig } from '../../../../session/device/limits.ts';
import { attachedDevice, type Driver } from './driver.ts';
import {
  configOf,
  ETH,
  HOUR_MS,
  LINK_POLICIES,
  links,
  MINUTE_MS,
  SECOND_MS,
  WWAN,
} from './setup.ts';

const never = (name: string) =>
  configOf(
    {},
    { ...LINK_POLICIES, [name]: { preference: name === 'eth0' ? 10 : 40, cost: 'never' } },
  );
const WITHOUT_WWAN = never('wwan0');

const asked = (driver: Driver, transportId: number) =>
  driver.frames.filter((frame) => frame.type === 'probe' && frame.transportId === transportId)
    .length;

function follow(driver: Driver, config: DeviceConfig): void {
  driver.config = config;
  driver.feed({ kind: 'policy', atMs: driver.nowMs, version: 2, name: 'another' });
}

test('◆ not idle, not in doubt, not in recovery', () => {
  const driver = attachedDevice([ETH], { config: WITHOUT_WWAN });
  driver.links(links([ETH, WWAN]));
  driver.run(HOUR_MS);
  expect([asked(driver, WWAN), asked(driver, ETH) > 700]).toEqual([0, true]);
  driver.forget();
  const path = driver.peer.path(ETH);
  path.isOutOpen = false;
  driver.traffic(20, MINUTE_MS);
  driver.run(20 * SECOND_MS);
  expect(driver.moves.some((move) => move.endsWith('RECOVERING'))).toBe(true);
  path.isOutOpen = true;
  driver.run(20 * SECOND_MS, () => driver.device.state === 'ATTACHED');
  expect([driver.device.activeId, asked(driver, WWAN)]).toEqual([ETH, 0]);
});

test('◆ nor a preferred one', () => {
  const driver = attachedDevice([WWAN], { config: never('eth0') });
  driver.links(links([ETH, WWAN]));
  driver.run(HOUR_MS);
  expect([driver.device.activeId, asked(driver, ETH)]).toEqual([WWAN, 0]);
});

test('a binding that may be used no more is asked until it is left, and not behind that', () => {
  const driver = attachedDevice([WWAN]);
  driver.run(MINUTE_MS);
  driver.forget();
  follow(driver, WITHOUT_WWAN);
  driver.run(HOUR_MS);
  expect([driver.device.activeId, driver.device.state]).toEqual([WWAN, 'ATTACHED']);
  expect(asked(driver, WWAN)).toBeGreaterThanOrEqual(9);
  driver.links(links([ETH, WWAN]));
  driver.run(MINUTE_MS, () => driver.device.activeId === ETH);
  expect(driver.device.activeId).toBe(ETH);
  driver.forget();
  driver.run(HOUR_MS);
  expect(asked(driver, WWAN)).toBe(0);
});

test('one that is allowed again is asked again, and has yet to prove that it is stable', () => {
  const driver = attachedDevice([ETH, WWAN]);
  driver.run(MINUTE_MS);
  follow(driver, never('eth0'));
  driver.run(MINUTE_MS, () => driver.device.activeId === WWAN);
  expect(driver.device.activeId).toBe(WWAN);
  driver.run(HOUR_MS);
  driver.forget();
  follow(driver, configOf());
  const fromMs = driver.nowMs;
  driver.run(10 * MINUTE_MS, () => driver.device.activeId === ETH);
  expect(driver.nowMs - fromMs).toBeGreaterThanOrEqual(driver.config.limits.failbackStableMs);
  expect([driver.device.activeId, asked(driver, ETH) > 0]).toEqual([ETH, true]);
});
