/**
 * What netlink messages add up to: the links, their addresses, and which of them lead somewhere.
 *
 * Pure. Routes are not kept one by one: Linux deletes IPv4 routes without a word when a link goes
 * down or loses its last address, so a table kept from events goes wrong. Instead every message that
 * can have changed routes asks for a new dump (0.1 ms), of which only "this link has one" is kept.
 *
 * @module
 */
import { formatCidr, networkOf, parseCidr } from '../../../session/wire/cidr.ts';
import type { LinkSnapshot } from '../../links.ts';
import { AF_INET, AF_INET6, IFA_F, IFF, ROUTE_UNICAST, SCOPE, TABLE } from './constants.ts';
import type { AddressMessage, LinkMessage, NetlinkBody, RouteMessage } from './parse.ts';

/** Chosen: far above any gateway; a machine with more (containers) loses the surplus, counted. */
const LINKS_MAX = 1_024;
const ADDRESSES_MAX = 64;

interface Link {
  name: string;
  mtu: number;
  flags: number;
  /** Address → prefix length. */
  readonly addresses: Map<string, number>;
}

export class LinkTable {
  readonly #links = new Map<number, Link>();
  #routed4 = new Set<number>();
  #routed6 = new Set<number>();
  /** Links and addresses beyond the limits. */
  surplusCount = 0;

  /** Take in one message; whether the routes have to be read anew. */
  apply(body: NetlinkBody): boolean {
    switch (body.kind) {
      case 'link':
        return this.#applyLink(body);
      case 'address':
        return this.#applyAddress(body);
      case 'route':
        return body.table !== TABLE.local;
      default:
        return false;
    }
  }

  /** Replace what is known of routes by a whole dump. */
  applyRoutes(routes: readonly NetlinkBody[]): void {
    const leading = (family: number) =>
      new Set(
        routes.flatMap((body) =>
          body.kind === 'route' && body.family === family && leadsAway(body)
            ? body.outInterfaces
            : [],
        ),
      );
    this.#routed4 = leading(AF_INET);
    this.#routed6 = leading(AF_INET6);
  }

  snapshot(): readonly LinkSnapshot[] {
    const snapshots = [...this.#links].map(([index, link]) => ({
      name: link.name,
      index,
      carrier: hasFlags(link.flags, IFF.lowerUp | IFF.running),
      adminUp: hasFlags(link.flags, IFF.up),
      addresses: [...link.addresses.keys()].sort(),
      networks: networksOf(link.addresses),
      hasRoute: this.#routed4.has(index) || this.#routed6.has(index),
      hasRoute4: this.#routed4.has(index),
      hasRoute6: this.#routed6.has(index),
      mtu: link.mtu,
    }));
    return snapshots.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  #applyLink(message: LinkMessage): boolean {
    if (message.family !== 0) return false;
    if (message.isRemoval) return this.#links.delete(message.index);
    const known = this.#links.get(message.index);
    if (known !== undefined) {
      known.name = message.name ?? known.name;
      known.mtu = message.mtu ?? known.mtu;
      const hasMoved = (known.flags ^ message.flags) & (IFF.up | IFF.lowerUp | IFF.running);
      known.flags = message.flags;
      return hasMoved !== 0;
    }
    if (message.name === null) return false;
    if (this.#links.size >= LINKS_MAX) {
      this.surplusCount++;
      return false;
    }
    const { name, flags } = message;
    this.#links.set(message.index, { name, flags, mtu: message.mtu ?? 0, addresses: new Map() });
    return true;
  }

  #applyAddress(message: AddressMessage): boolean {
    const addresses = this.#links.get(message.index)?.addresses;
    if (addresses === undefined) return false;
    if (message.isRemoval || !isUsable(message)) {
      addresses.delete(message.address);
      return true;
    }
    if (addresses.size >= ADDRESSES_MAX && !addresses.has(message.address)) {
      this.surplusCount++;
      return false;
    }
    addresses.set(message.address, message.prefixBits);
    return true;
  }
}

/** Global, and through duplicate address detection: nothing can be sent from a tentative one. */
function isUsable({ scope, flags }: AddressMessage): boolean {
  const isTentative = (flags & IFA_F.tentative) !== 0 && (flags & IFA_F.optimistic) === 0;
  return scope === SCOPE.universe && !isTentative && (flags & IFA_F.dadFailed) === 0;
}

/**
 * Whether a route leads beyond the link's own network. IPv4 says so by its scope; IPv6 routes all have
 * scope universe, so there a gateway or the default route (a modem without gateway) decides.
 */
function leadsAway(route: RouteMessage): boolean {
  if (route.type !== ROUTE_UNICAST || route.table === TABLE.local) return false;
  if (route.prefixBits === 0 || route.hasGateway) return true;
  return route.family === AF_INET && route.scope < SCOPE.link;
}

function networksOf(addresses: ReadonlyMap<string, number>): readonly string[] {
  const networks = new Set<string>();
  for (const [address, prefixBits] of addresses) {
    const cidr = parseCidr(`${address}/${prefixBits}`);
    if (cidr.ok) networks.add(formatCidr(networkOf(cidr.value)));
  }
  return [...networks].sort();
}

const hasFlags = (flags: number, wanted: number) => (flags & wanted) === wanted;
