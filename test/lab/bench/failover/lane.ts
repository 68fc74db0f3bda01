/**
 * One network of its own with everything in it that stays from round to round: links, loads, a hub.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { LINK_PLANS, type LinkName, macOf, SERVER } from '../../plan.ts';
import { type Topology, topology } from '../../topology.ts';
import type { Contender } from './classes.ts';
import { JvpnSite } from './jvpn.ts';
import { LoadEnd, loadArgv } from './loadEnd.ts';
import { startBare, startMptcp } from './mptcp.ts';
import { countOverhead } from './overhead.ts';
import type { Running } from './running.ts';
import { startWireguardGo } from './wireguardGo.ts';

export class Lane implements AsyncDisposable {
  readonly net: Topology;
  readonly loads: Readonly<Record<'device' | 'server' | 'hub', LoadEnd>>;
  readonly #site: JvpnSite;
  readonly #stack: AsyncDisposableStack;
  #innerAddress: string | null = null;

  private constructor(net: Topology, site: JvpnSite, folder: string, stack: AsyncDisposableStack) {
    this.net = net;
    this.#site = site;
    this.#stack = stack;
    const load = (role: 'device' | 'server' | 'hub') => {
      const child = net.spawn(role, loadArgv(), { name: `load in ${role}` });
      prefer(child.pid);
      return new LoadEnd(child, join(folder, `${role}.record`));
    };
    this.loads = { device: load('device'), server: load('server'), hub: load('hub') };
  }

  /** @param seed of the links' dice. */
  static async build(binary: string, seed: number): Promise<Lane> {
    await using stack = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), 'jvpn-failover-'));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const net = stack.use(await topology({ seed }));
    prefer(net.emulator.process.pid);
    await knowNeighbours(net);
    await countOverhead(net.namespaces.device);
    const site = stack.use(new JvpnSite(net, binary));
    await site.start();
    return new Lane(net, site, folder, stack.move());
  }

  /** Ready to carry traffic, over the first of `links`. */
  async start(contender: Contender, links: readonly LinkName[]): Promise<Running> {
    switch (contender) {
      case 'mptcp':
        return startMptcp(this.net, links);
      case 'wireguard_go':
        return startWireguardGo(this.net, links);
      case 'bare':
        return startBare(links);
      case 'jvpn':
      case 'control':
        return this.#startJvpn();
    }
  }

  async #startJvpn(): Promise<Running> {
    const session = await this.#site.session();
    // A device keeps its inner address (docs/protocol.md).
    this.#innerAddress ??= await this.#site.innerAddress();
    return {
      far: 'server',
      farAddress: SERVER.v4,
      deviceAddress: this.#innerAddress,
      protocol: 'tcp',
      hasUdp: true,
      session,
      [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** The instruments go before what they measure; without root they have to do without. */
function prefer(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_HIGHEST);
  } catch {
    // The pauses of the loads are in the figures, and so are rounds without a cut.
  }
}

/**
 * A link's delay stands for the whole way to the hub; the router next door is a millisecond away. Its address, and that
 * of the device, are known from the start, so that asking for them does not cost that delay.
 */
async function knowNeighbours(net: Topology): Promise<void> {
  for (const { name, router, v4 } of LINK_PLANS) {
    const known = (ip: string, node: number, dev: string) =>
      `neigh replace ${ip} lladdr ${macOf(name, node)} dev ${dev} nud permanent`;
    const another = v4.deviceAddress.replace(/2$/, '3');
    await net.namespaces.device.ip([known(v4.routerLanAddress, 2, name)]);
    await net.namespaces[router].ip([v4.deviceAddress, another].map((ip) => known(ip, 1, 'lan')));
  }
}
