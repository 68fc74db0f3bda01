/**
 * What the device's tests start from: the default policy's numbers, three links, and time in words.
 *
 * @module
 */
import { tunnelRules } from '../../../../agent/rules.ts';
import { loadPolicy } from '../../../../policies/load.ts';
import type { LinkView } from '../../../../session/device/event.ts';
import type { DeviceConfig, DeviceLimits, LinkPolicy } from '../../../../session/device/limits.ts';

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

/** The transports of the three links. */
export const ETH = 1;
export const WLAN = 2;
export const WWAN = 3;

export const LIMITS: DeviceLimits = defaultLimits();

function defaultLimits(): DeviceLimits {
  const loaded = loadPolicy({});
  if (!loaded.ok) throw new Error('the default policy does not load');
  return tunnelRules(loaded.policy, []).limits;
}

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
    mtuMaxBytes: 1_440,
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

/** A snapshot in which the named transports are there, those with a fault without what it takes; 1500 wide. */
export function links(
  present: readonly number[],
  faults: Readonly<Record<number, Fault>> = {},
  mtus: Readonly<Record<number, number>> = {},
): readonly LinkView[] {
  return KINDS.filter(([, , transportId]) => present.includes(transportId)).map(
    ([name, kind, transportId]) => ({
      name,
      kind,
      hasCarrier: faults[transportId] !== 'carrier',
      mtuBytes: mtus[transportId] ?? 1_500,
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
