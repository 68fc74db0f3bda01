/**
 * What a seat is told about its device, its hub and the policy.
 *
 * @module
 */
import type { SeatConfig } from '../session/hub/limits.ts';
import type { EnrolledDevice } from './device.ts';
import type { Site } from './site.ts';

export function seatConfig({ setup, rules, chosen }: Site, device: EnrolledDevice): SeatConfig {
  const { hubId, routes, seed, lease } = setup;
  return {
    hubId,
    device: device.publicKey,
    inner4: device.inner4,
    inner6: device.inner6,
    routes,
    ciphers: chosen.preference,
    seed,
    limits: rules.limits,
    isLeased: lease !== null,
  };
}
