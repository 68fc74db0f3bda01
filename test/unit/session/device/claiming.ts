/**
 * A device that is in the middle of getting back.
 *
 * @module
 */
import { expect } from 'bun:test';
import { attachedDevice, type Driver } from './driver.ts';
import type { ClaimFrame } from './peer.ts';
import { ETH, links, WLAN } from './setup.ts';

/** Its ETH died, and nobody answers its claims. */
export function claiming(present: readonly number[] = [ETH, WLAN]): Driver {
  const driver = attachedDevice(present);
  driver.peer.judge = () => null;
  const rest = present.filter((transportId) => transportId !== ETH);
  driver.links(links(rest));
  expect(driver.device.state).toBe('RECOVERING');
  return driver;
}

export const newest = (driver: Driver): ClaimFrame => driver.claims.at(-1) as ClaimFrame;
