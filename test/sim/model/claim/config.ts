/**
 * Policy and identity in the claim world: the bounds of the protocol as shipped, without caps that would hide a claim.
 *
 * @module
 */
import type { DeviceConfig } from '../../../../session/device/limits.ts';
import type { SeatConfig } from '../../../../session/hub/limits.ts';
import { derive } from '../../../../session/proof.ts';
import type { ProcessName } from './state.ts';

const NEVER_MS = 2 ** 40;
const DEVICE = 'ZGV2aWNl';

export const DEVICE_CONFIG: DeviceConfig = {
  device: DEVICE,
  ciphers: ['chacha20-poly1305'],
  mtuMaxBytes: 1_440,
  linkPolicy: (name) => ({ preference: name === 'eth0' ? 1 : 2, cost: 'free' }),
  limits: {
    sessionTtlMs: NEVER_MS,
    transportTtlMs: 60_000,
    recoveryWindowMs: 30_000,
    birthDeadlineMs: 60_000,
    activeLingerMs: 1_000,
    heartbeatIdleMs: NEVER_MS,
    meteredKeepaliveMs: NEVER_MS,
    standbyProbeMs: NEVER_MS,
    meteredStandbyProbeMs: NEVER_MS,
    deadAfterMissed: 3,
    quality: {
      lossEnterPercent: 20,
      lossLeavePercent: 10,
      rttEnterMs: 1_000,
      rttLeaveMs: 500,
      jitterEnterMs: 300,
      jitterLeaveMs: 150,
      windowMs: 2_000,
      settleMs: 3_000,
    },
    volatileToDegradedMs: 4_000,
    degradedMaxMs: null,
    maxSwitchesPerMinute: 100,
    cooldownMs: 0,
    failback: 'on_failure',
    failbackStableMs: 30_000,
    penaltyMaxMs: 600_000,
    improvementPercent: 10,
    resendMaxAgeMs: 0,
  },
};

export const hubName = (hub: number) => (hub === 0 ? 'a' : 'b');

export function seatConfig(hub: number, life: number, isLeased: boolean): SeatConfig {
  return {
    hubId: hubName(hub),
    device: DEVICE,
    inner4: '10.77.0.5/32',
    inner6: null,
    routes: [],
    ciphers: ['chacha20-poly1305'],
    seed: derive(new Uint8Array(32), `hub ${hub}`, life, 32),
    isLeased,
    limits: {
      sessionTtlMs: NEVER_MS,
      transportTtlMs: 60_000,
      recoveryWindowMs: 30_000,
      birthDeadlineMs: 60_000,
      resendMaxAgeMs: 0,
      maxSwitchesPerMinute: 100,
      cooldownMs: 0,
      reattachPerMinute: 1_000,
      silenceMs: NEVER_MS,
      allowedLinkKinds: ['ethernet', 'wifi'],
    },
  };
}

export const processSeed = (name: ProcessName, life: number) =>
  derive(new Uint8Array(32), `process ${name}`, life, 32);

export const hashOf = (key: string) => derive(new Uint8Array(32), `channel ${key}`, 0, 32);

export const sourceOf = (name: ProcessName, transportId: number) =>
  `198.51.100.${name === 'd' ? 1 : 2}:${4_000 + transportId}`;
