/**
 * What a seat is told about its device, its hub and the policy.
 *
 * @module
 */
import type { SeatConfig } from '../session/hub/limits.ts';
import type { EnrolledDevice } from './device.ts';
import type { Site } from './site.ts';

export function seatConfig({ setup, rules }: Site, device: EnrolledDevice): SeatConfig {
  const { hubId, routes, seed } = setup;
  return {
    hubId,
    device: device.publicKey,
    inner4: device.inner4,
    inner6: device.inner6,
    routes,
    ciphers: ['aes-256-gcm', 'chacha20-poly1305'],
    seed,
    limits: rules.limits,
  };
}
