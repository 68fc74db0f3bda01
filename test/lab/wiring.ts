/**
 * Puts interfaces, addresses, routes and filters into the namespaces of a lab. What goes where is in `plan.ts`.
 *
 * @module
 */
import type { Namespace } from './namespace.ts';
import { filterScript, natScript } from './nat.ts';
import {
  HUB,
  HUB_LAN,
  INNER,
  LINK_PLANS,
  type LinkPlan,
  macOf,
  type Role,
  SERVER,
} from './plan.ts';

export type Namespaces = Readonly<Record<Role, Namespace>>;

/** Kernel settings that must precede the interfaces: `default` is copied when an interface appears. */
export function prepareKernel(namespaces: Namespaces): void {
  for (const [role, namespace] of Object.entries(namespaces)) {
    const forwards = role !== 'device' && role !== 'server' ? 1 : 0;
    // Loose on the device, as Debian has it: strict would drop answers that arrive on a link with a higher metric.
    const reversePath = role === 'device' ? 2 : 0;
    namespace.sysctl({
      'net/ipv4/ip_forward': forwards,
      'net/ipv4/conf/all/rp_filter': reversePath,
      'net/ipv4/conf/default/rp_filter': reversePath,
      'net/ipv4/conf/all/promote_secondaries': 1,
      'net/ipv4/conf/default/promote_secondaries': 1,
      'net/ipv6/conf/all/forwarding': forwards,
      // Addresses are fixed and unique: waiting for duplicate address detection costs a second and more.
      'net/ipv6/conf/all/accept_dad': 0,
      'net/ipv6/conf/default/accept_dad': 0,
      'net/ipv6/conf/default/dad_transmits': 0,
      'net/ipv6/conf/default/accept_ra': 0,
    });
  }
}

/**
 * The veth pairs of the wired core. Both ends get different indexes: with equal ones, which fresh namespaces would give
 * them, events of carrier loss come late or not at all.
 */
export async function makeCables(namespaces: Namespaces): Promise<void> {
  const { hub, server } = namespaces;
  const cables = LINK_PLANS.map(
    (plan, n) =>
      `link add ${plan.hubInterface} index ${20 + n} address ${macOf(plan.name, 4)} type veth ` +
      `peer name wan index ${40 + n} address ${macOf(plan.name, 3)} netns ${namespaces[plan.router].name}`,
  );
  cables.push(
    `link add lan index 30 address ${macOf('lan', 1)} type veth ` +
      `peer name lan index 50 address ${macOf('lan', 2)} netns ${server.name}`,
  );
  await hub.ip(cables);
}

/** Addresses and routes; needs the interfaces of the link emulator. */
export async function address(namespaces: Namespaces): Promise<void> {
  const { device, hub, server } = namespaces;
  await Promise.all([
    device.ip(['link set lo up', ...LINK_PLANS.flatMap(deviceLines)]),
    ...LINK_PLANS.map((plan) => namespaces[plan.router].ip(routerLines(plan))),
    hub.ip(hubLines()),
    server.ip([
      'link set lo up',
      'link set lan up',
      `addr add ${SERVER.v4}/24 dev lan`,
      `addr add ${SERVER.v6}/64 dev lan nodad`,
      `route add ${INNER.v4} via ${HUB_LAN.v4}`,
      `route add ${INNER.v6} via ${HUB_LAN.v6}`,
    ]),
    hub.nft(filterScript(LINK_PLANS.map((plan) => plan.hubInterface))),
    ...LINK_PLANS.filter((plan) => plan.isNat).map((plan) =>
      namespaces[plan.router].nft(natScript(0)),
    ),
  ]);
}

function deviceLines({ name, metric, v4, v6 }: LinkPlan): string[] {
  return [
    `link set ${name} address ${macOf(name, 1)} up`,
    `addr add ${v4.deviceAddress}/${v4.lanBits} dev ${name}`,
    `route add default via ${v4.routerLanAddress} dev ${name} metric ${metric}`,
    ...(v6 === null
      ? []
      : [
          `addr add ${v6.deviceAddress}/${v6.lanBits} dev ${name} nodad`,
          `route add default via ${v6.routerLanAddress} dev ${name} metric ${metric}`,
        ]),
  ];
}

function routerLines({ name, v4, v6 }: LinkPlan): string[] {
  return [
    'link set lo up',
    `link set lan address ${macOf(name, 2)} up`,
    'link set wan up',
    `addr add ${v4.routerLanAddress}/${v4.lanBits} dev lan`,
    `addr add ${v4.routerWanAddress}/${v4.wanBits} dev wan`,
    `route add default via ${v4.hubAddress}`,
    ...(v6 === null
      ? []
      : [
          `addr add ${v6.routerLanAddress}/${v6.lanBits} dev lan nodad`,
          `addr add ${v6.routerWanAddress}/${v6.wanBits} dev wan nodad`,
          `route add default via ${v6.hubAddress}`,
        ]),
  ];
}

/** Every route back names the outer address as source, so that a socket bound to no address answers from it. */
function hubLines(): string[] {
  return [
    'link set lo up',
    `addr add ${HUB.v4}/32 dev lo`,
    `addr add ${HUB.v6}/128 dev lo nodad`,
    'link set lan up',
    `addr add ${HUB_LAN.v4}/24 dev lan`,
    `addr add ${HUB_LAN.v6}/64 dev lan nodad`,
    ...LINK_PLANS.flatMap(({ hubInterface, isNat, v4, v6 }) => [
      `link set ${hubInterface} up`,
      `addr add ${v4.hubAddress}/${v4.wanBits} dev ${hubInterface} noprefixroute`,
      `route add ${v4.wanPrefix}/${v4.wanBits} dev ${hubInterface} src ${HUB.v4}`,
      ...(isNat
        ? []
        : [`route add ${v4.lanPrefix}/${v4.lanBits} via ${v4.routerWanAddress} src ${HUB.v4}`]),
      ...(v6 === null
        ? []
        : [
            `addr add ${v6.hubAddress}/${v6.wanBits} dev ${hubInterface} nodad`,
            `route add ${v6.lanPrefix}/${v6.lanBits} via ${v6.routerWanAddress} src ${HUB.v6}`,
          ]),
    ]),
  ];
}
