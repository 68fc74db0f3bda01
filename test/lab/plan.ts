/**
 * Names and addresses of the lab network. The drawing is in `topology.ts`.
 *
 * The ranges are those set aside for documentation, private use and carrier-grade NAT, so that a packet that left the
 * lab by mistake would get nowhere. The tunnel's own inner addresses are not in here: the hub assigns them.
 *
 * @module
 */

export const LINKS = ['eth0', 'wlan0', 'wwan0'] as const;
export type LinkName = (typeof LINKS)[number];

export const ROLES = [
  'device',
  'router-eth0',
  'router-wlan0',
  'router-wwan0',
  'hub',
  'server',
] as const;
export type Role = (typeof ROLES)[number];

/** One address family of one link: from the device over the router to the hub. */
export interface Segment {
  readonly deviceAddress: string;
  readonly routerLanAddress: string;
  readonly lanPrefix: string;
  readonly lanBits: number;
  readonly routerWanAddress: string;
  readonly hubAddress: string;
  readonly wanPrefix: string;
  readonly wanBits: number;
}

export interface LinkPlan {
  readonly name: LinkName;
  readonly router: Role;
  /** Of the device's default route. */
  readonly metric: number;
  readonly v4: Segment;
  /** The mobile network has no IPv6. */
  readonly v6: Segment | null;
  readonly isNat: boolean;
  readonly hubInterface: string;
}

export const HUB = { v4: '203.0.113.1', v6: '2001:db8:ff::1' } as const;
/** The network behind the hub. */
export const SERVER = { v4: '10.79.0.2', v6: 'fd79::2' } as const;
export const HUB_LAN = { v4: '10.79.0.1', v6: 'fd79::1' } as const;
/** What the server reaches through the hub: the inner addresses of devices. */
export const INNER = { v4: '10.77.0.0/16', v6: 'fd77::/64' } as const;

export const LINK_PLANS: readonly LinkPlan[] = LINKS.map((name, index) => {
  const n = index + 1;
  const isNat = name === 'wwan0';
  const lan = isNat ? `100.64.${n}` : `10.78.${n}`;
  // The public side of the NAT is a pool with room to move in.
  const wan = isNat ? '198.51.100' : `172.31.${n}`;
  return {
    name,
    router: `router-${name}` as const,
    metric: n * 100,
    isNat,
    hubInterface: `up-${name}`,
    v4: {
      deviceAddress: `${lan}.2`,
      routerLanAddress: `${lan}.1`,
      lanPrefix: `${lan}.0`,
      lanBits: 24,
      routerWanAddress: isNat ? `${wan}.10` : `${wan}.2`,
      hubAddress: `${wan}.1`,
      wanPrefix: `${wan}.0`,
      wanBits: 24,
    },
    v6: isNat
      ? null
      : {
          deviceAddress: `2001:db8:${n}::2`,
          routerLanAddress: `2001:db8:${n}::1`,
          lanPrefix: `2001:db8:${n}::`,
          lanBits: 64,
          routerWanAddress: `2001:db8:10${n}::2`,
          hubAddress: `2001:db8:10${n}::1`,
          wanPrefix: `2001:db8:10${n}::`,
          wanBits: 64,
        },
  };
});

/** Fixed, so that two runs with one seed exchange the same frames. `node` 0…255 tells the ends apart. */
export function macOf(link: LinkName | 'lan', node: number): string {
  const index = link === 'lan' ? 9 : LINKS.indexOf(link) + 1;
  return `02:00:00:00:0${index}:${node.toString(16).padStart(2, '0')}`;
}
