/**
 * Interface configuration by rtnetlink requests, each acknowledged by the kernel.
 *
 * "Exists already" and "is not there" are success where that is what was asked for.
 *
 * @module
 */
import { assert } from '../../session/assert.ts';
import { type Cidr, formatCidr, networkOf, parseCidr } from '../../session/wire/cidr.ts';
import { formatIp } from '../../session/wire/ip.ts';
import type { InterfaceSetup, RouteOptions } from '../interfaces.ts';
import { type HalResult, halFail, halOk } from '../result.ts';
import { ERRNO } from './errno.ts';
import { libc } from './libc.ts';
import { addressOf, nativeText } from './memory.ts';
import { AF_INET, AF_INET6, MESSAGE, SCOPE, TABLE } from './netlink/constants.ts';
import type { NetlinkBody } from './netlink/parse.ts';
import * as request from './netlink/request.ts';
import { type NetlinkSocket, openNetlink } from './netlink/socket.ts';
import { isDeviceName } from './tun.ts';

/** What the kernel takes for an IPv6 route without a metric (IP6_RT_PRIO_USER). */
const METRIC6_DEFAULT = 1_024;

export function openInterfaceSetup(): HalResult<InterfaceSetup> {
  const socket = openNetlink(0);
  return socket.ok ? halOk(new NetlinkSetup(socket.value)) : socket;
}

class NetlinkSetup implements InterfaceSetup {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  setAddresses(name: string, cidrs: readonly string[]): HalResult<null> {
    const index = indexOf(name);
    if (!index.ok) return index;
    const wanted: Cidr[] = [];
    for (const text of cidrs) {
      const cidr = parseCidr(text);
      if (!cidr.ok) return halFail('addressInvalid', `${text} for ${name}`);
      wanted.push(cidr.value);
    }
    const present = this.#addressesOf(index.value);
    if (!present.ok) return present;
    const texts = new Set(wanted.map(formatCidr));
    for (const text of present.value) {
      if (texts.has(text)) continue;
      const cidr = parseCidr(text);
      assert(cidr.ok, 'an address of the kernel is an address');
      const removal = request.removeAddressRequest(index.value, cidr.value);
      // Gone meanwhile: removing a primary IPv4 address takes its secondaries along.
      const removed = this.#ask(removal, `remove ${text} from ${name}`, ERRNO.EADDRNOTAVAIL);
      if (!removed.ok) return removed;
    }
    for (const cidr of wanted) {
      const addition = request.addAddressRequest(index.value, cidr);
      const added = this.#ask(addition, `add ${formatCidr(cidr)} to ${name}`, ERRNO.EEXIST);
      if (!added.ok) return added;
    }
    return halOk(null);
  }

  setMtu(name: string, mtuBytes: number): HalResult<null> {
    const index = indexOf(name);
    if (!index.ok) return index;
    return this.#ask(request.mtuRequest(index.value, mtuBytes), `mtu ${mtuBytes} of ${name}`);
  }

  setUp(name: string): HalResult<null> {
    const index = indexOf(name);
    if (!index.ok) return index;
    return this.#ask(request.upRequest(index.value), `up of ${name}`);
  }

  addRoute(cidr: string, device: string, options: RouteOptions = {}): HalResult<null> {
    const route = routeOf(cidr, device, options);
    if (!route.ok) return route;
    const what = `route ${cidr} dev ${device}`;
    const answer = this.#socket.exchange(request.addRouteRequest(route.value), what);
    if (answer.ok) return halOk(null);
    if (this.#socket.lastErrno !== ERRNO.EEXIST) return answer;
    const rows = this.#socket.exchange(request.dumpRequest(MESSAGE.getRoute, 0), 'dump of routes');
    if (!rows.ok) return rows;
    const isOurs = rows.value.some((row) => isRoute(row, route.value));
    return isOurs ? halOk(null) : halFail('routeConflict', what);
  }

  removeRoute(cidr: string, device: string, options: RouteOptions = {}): HalResult<null> {
    const route = routeOf(cidr, device, options);
    // The device is gone, and its routes with it.
    if (!route.ok) return route.code === 'deviceMissing' ? halOk(null) : route;
    const removal = request.removeRouteRequest(route.value);
    return this.#ask(removal, `remove route ${cidr} dev ${device}`, ERRNO.ESRCH);
  }

  close(): void {
    this.#socket.close();
  }

  #ask(bytes: request.Request, what: string, allowed?: number): HalResult<null> {
    const answer = this.#socket.exchange(bytes, what);
    if (answer.ok) return halOk(null);
    return this.#socket.lastErrno === allowed ? halOk(null) : answer;
  }

  /** Global addresses as CIDRs; link-local ones belong to the kernel. */
  #addressesOf(index: number): HalResult<readonly string[]> {
    const dump = request.dumpRequest(MESSAGE.getAddress, 0);
    const rows = this.#socket.exchange(dump, 'dump of addresses');
    if (!rows.ok) return rows;
    const own = rows.value.filter((row) => row.kind === 'address' && row.index === index);
    return halOk(
      own.flatMap((row) =>
        row.kind === 'address' && row.scope === SCOPE.universe
          ? [`${row.address}/${row.prefixBits}`]
          : [],
      ),
    );
  }
}

function indexOf(name: string): HalResult<number> {
  if (!isDeviceName(name)) return halFail('deviceNameInvalid', name);
  const text = nativeText(name);
  const index = libc.if_nametoindex(addressOf(text));
  return index > 0 ? halOk(index) : halFail('deviceMissing', name);
}

function routeOf(
  cidr: string,
  device: string,
  options: RouteOptions,
): HalResult<request.RouteRequest> {
  const parsed = parseCidr(cidr);
  if (!parsed.ok) return halFail('addressInvalid', `route ${cidr}`);
  const index = indexOf(device);
  if (!index.ok) return index;
  const { metric = 0, table = TABLE.main } = options;
  return halOk({ destination: networkOf(parsed.value), index: index.value, metric, table });
}

function isRoute(row: NetlinkBody, route: request.RouteRequest): boolean {
  if (row.kind !== 'route') return false;
  const { destination, index, metric, table } = route;
  const isDefault = destination.prefixBits === 0;
  const metricSeen = metric === 0 && destination.family === 6 ? METRIC6_DEFAULT : metric;
  return (
    row.family === (destination.family === 4 ? AF_INET : AF_INET6) &&
    row.prefixBits === destination.prefixBits &&
    row.destination === (isDefault ? null : formatIp(destination)) &&
    row.table === table &&
    row.priority === metricSeen &&
    row.outInterfaces.includes(index)
  );
}
