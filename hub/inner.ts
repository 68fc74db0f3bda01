/**
 * The hub's side of the tunnel network: its own addresses on the tun, and routes to what lies behind
 * devices.
 *
 * The pools need no routes of their own: the hub's address carries the length of the pool, and the
 * kernel makes the route from that. Forwarding between tun and site is the operator's to allow
 * (`net.ipv4.ip_forward`, `net.ipv6.conf.all.forwarding`).
 *
 * @module
 */
import type { InterfaceSetup } from '../hal/interfaces.ts';
import { openInterfaceSetup } from '../hal/linux/interfaces.ts';
import type { HalFailure } from '../hal/result.ts';
import type { EnrolledDevice } from './device.ts';
import type { Pools } from './enrolment.ts';

export class Inner {
  readonly #pools: Pools;
  readonly #mtuBytes: number;
  readonly #routed = new Set<string>();
  #setup: InterfaceSetup | null = null;
  #name = '';

  constructor(pools: Pools, mtuBytes: number) {
    this.#pools = pools;
    this.#mtuBytes = mtuBytes;
  }

  /** Bring the interface up with our addresses and all routes; null on success. */
  up(name: string, devices: readonly EnrolledDevice[]): HalFailure | null {
    const opened = openInterfaceSetup();
    if (!opened.ok) return opened;
    const setup = opened.value;
    this.#setup = setup;
    this.#name = name;
    const { inner4, inner6 } = this.#pools;
    const addresses = [inner4?.gateway, inner6?.gateway].filter((text) => text !== undefined);
    for (const step of [
      () => setup.setMtu(name, this.#mtuBytes),
      () => setup.setUp(name),
      () => setup.setAddresses(name, addresses),
    ]) {
      const result = step();
      if (!result.ok) return result;
    }
    return this.route(devices);
  }

  /** Make the routes those of `devices`; null on success, else the first that failed. */
  route(devices: readonly EnrolledDevice[]): HalFailure | null {
    const setup = this.#setup;
    if (setup === null) return null;
    const enrolled = devices.filter((device) => device.revokedAtMs === null);
    const wanted = new Set(enrolled.flatMap((device) => device.allowed));
    for (const cidr of this.#routed) {
      if (wanted.has(cidr)) continue;
      setup.removeRoute(cidr, this.#name);
      this.#routed.delete(cidr);
    }
    let failure: HalFailure | null = null;
    for (const cidr of wanted) {
      if (this.#routed.has(cidr)) continue;
      const added = setup.addRoute(cidr, this.#name);
      if (added.ok) this.#routed.add(cidr);
      else failure ??= added;
    }
    return failure;
  }

  close(): void {
    this.#setup?.close();
  }
}
