/**
 * What the device's tests start from: the default policy's numbers, three links, and time in words.
 *
 * @module
 */
import type { LinkView } from '../../../../session/device/event.ts';
import type { DeviceConfig, DeviceLimits, LinkPolicy } from '../../../../session/device/limits.ts';

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

/** The transports of the three links. */
export const ETH = 1;
export const WLAN = 2;
export const WWAN = 3;

export const LIMITS: DeviceLimits = {
  sessionTtlMs: 86_400_000,
  transportTtlMs: 60_000,
  recoveryWindowMs: 30_000,
  birthDeadlineMs: 60_000,
  activeLingerMs: 1_000,
  heartbeatIdleMs: 5_000,
  meteredKeepaliveMs: 25_000,
  standbyProbeMs: 10_000,
  meteredStandbyProbeMs: 360_000,
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
  maxSwitchesPerMinute: 8,
  cooldownMs: 1_500,
  failback: 'better',
  failbackStableMs: 30_000,
  penaltyMaxMs: 600_000,
  improvementPercent: 10,
  resendMaxAgeMs: 2_000,
};

export const LINK_POLICIES: Readonly<Record<string, LinkPolicy>> = {
  eth0: { preference: 10, cost: 'free' },
  wlan0: { preference: 30, cost: 'free' },
  wwan0: { preference: 40, cost: 'metered' },
};

export function configOf(
  limits: Partial<DeviceLimits> = {},
  policies: Readonly<Record<string, LinkPolicy>> = LINK_POLICIES,
): DeviceConfig {
  return {
    device: 'device-key',
    ciphers: ['aes-256-gcm', 'chacha20-poly1305'],
    limits: { ...LIMITS, ...limits },
    linkPolicy: (name) => policies[name] ?? { preference: 1_000, cost: 'free' },
  };
}

export type Fault = 'carrier' | 'address' | 'route';

const KINDS = [
  ['eth0', 'ethernet', ETH],
  ['wlan0', 'wifi', WLAN],
  ['wwan0', 'lte', WWAN],
] as const;

/** A snapshot in which the named transports are there, those with a fault without what it takes. */
export function links(
  present: readonly number[],
  faults: Readonly<Record<number, Fault>> = {},
): readonly LinkView[] {
  return KINDS.filter(([, , transportId]) => present.includes(transportId)).map(
    ([name, kind, transportId]) => ({
      name,
      kind,
      hasCarrier: faults[transportId] !== 'carrier',
      endpoints: [
        {
          transportId,
          endpoint: `192.0.2.1:5182${transportId}`,
          hasAddress: faults[transportId] !== 'address',
          hasRoute: faults[transportId] !== 'route',
        },
      ],
    }),
  );
}
