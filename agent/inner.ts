/**
 * Inner addresses and routes on the tun: what the hub assigned, or what a plain configuration says.
 *
 * @module
 */
import type { InterfaceSetup } from '../hal/interfaces.ts';
import { openInterfaceSetup } from '../hal/linux/interfaces.ts';
import type { HalFailure } from '../hal/result.ts';
import type { AgentConfig } from './config.ts';

interface Assignment {
  readonly inner4: string | null;
  readonly inner6: string | null;
  readonly routes: readonly string[];
}

export class Inner {
  readonly #tunnel: AgentConfig['tunnel'];
  readonly #mode: AgentConfig['hub']['mode'];
  #setup: InterfaceSetup | null = null;
  #name = '';
  #applied: Assignment | null = null;

  constructor(tunnel: AgentConfig['tunnel'], mode: AgentConfig['hub']['mode']) {
    this.#tunnel = tunnel;
    this.#mode = mode;
  }

  /** Bring the interface up; null on success. */
  up(name: string): HalFailure | null {
    const opened = openInterfaceSetup();
    if (!opened.ok) return opened;
    this.#setup = opened.value;
    this.#name = name;
    const { addresses, allowed, mtu } = this.#tunnel;
    const sized = opened.value.setMtu(name, mtu);
    if (!sized.ok) return sized;
    const raised = opened.value.setUp(name);
    if (!raised.ok) return raised;
    return this.#mode === 'plain' ? this.#apply(addresses, allowed) : null;
  }

  /** No inner packet is larger from now on; null on success. */
  setMtu(mtuBytes: number): HalFailure | null {
    const sized = this.#setup?.setMtu(this.#name, mtuBytes);
    return sized === undefined || sized.ok ? null : sized;
  }

  /** Make the interface what the hub assigned. Repeating the same changes nothing. */
  assign(next: Assignment): HalFailure | null {
    const before = this.#applied;
    if (before !== null && JSON.stringify(before) === JSON.stringify(next)) return null;
    const routes = this.#tunnel.acceptRoutes ? next.routes : [];
    for (const stale of before?.routes ?? []) {
      if (!routes.includes(stale)) this.#setup?.removeRoute(stale, this.#name);
    }
    const addresses = [next.inner4, next.inner6].filter((address) => address !== null);
    const failure = this.#apply(addresses, routes);
    if (failure === null)
      this.#applied = { inner4: next.inner4, inner6: next.inner6, routes: [...next.routes] };
    return failure;
  }

  #apply(addresses: readonly string[], routes: readonly string[]): HalFailure | null {
    const setup = this.#setup;
    if (setup === null) return null;
    const addressed = setup.setAddresses(this.#name, addresses);
    if (!addressed.ok) return addressed;
    for (const route of routes) {
      const added = setup.addRoute(route, this.#name);
      if (!added.ok) return added;
    }
    return null;
  }
}
