/**
 * A captive portal on the router of a link, as in hotels and trains: every name is its own, every page is its own, and
 * everything else from the device is swallowed without a word, until somebody has logged in.
 *
 * @module
 */
import { NameService } from '../names/nameService.ts';
import { LINK_PLANS, type LinkName, type Role } from '../plan.ts';
import type { Topology } from '../topology.ts';

const START_MS = 10_000;

/** Names go astray whoever was asked, and so do pages. What for the hub was swallowed is counted. */
const RULES = `
table inet portal {
  counter swallowed { }
  chain astray {
    type nat hook prerouting priority dstnat;
    iifname "lan" udp dport 53 redirect
    iifname "lan" tcp dport 80 redirect
  }
  chain through {
    type filter hook forward priority filter;
    iifname "lan" udp dport 51820 counter name swallowed drop
    iifname "lan" drop
  }
}`;

export class CaptivePortal {
  readonly #net: Topology;
  readonly #router: Role;

  private constructor(net: Topology, router: Role) {
    this.#net = net;
    this.#router = router;
  }

  /** Its programs end with the lab. */
  static async start(net: Topology, link: LinkName): Promise<CaptivePortal> {
    const { router, v4 } = LINK_PLANS.find(({ name }) => name === link)!;
    const names = await NameService.start(net, router, v4.routerLanAddress);
    await names.tell({ '*': [v4.routerLanAddress] });
    const program = Bun.fileURLToPath(new URL('./loginPage.ts', import.meta.url));
    const argv = [process.execPath, program, '--listen', `${v4.routerLanAddress}:80`];
    const page = net.spawn(router, argv, { name: `login page in ${router}` });
    await page.untilJson<{ event: string }>(({ event }) => event === 'listening', START_MS);
    await net.namespaces[router].nft(RULES);
    return new CaptivePortal(net, router);
  }

  /** Datagrams for the hub that got no further. */
  async swallowed(): Promise<number> {
    const shown = await this.#net.exec(this.#router, [
      'nft',
      'list',
      'counter',
      'inet',
      'portal',
      'swallowed',
    ]);
    return Number(/packets (\d+)/.exec(shown.stdout)?.[1]);
  }

  /** The time that was paid for is over: as before somebody logged in, and the count begins anew. */
  async logOut(): Promise<void> {
    await this.#net.namespaces[this.#router].nft(RULES);
  }

  /** Everything goes where it is meant to go from here on. */
  async logIn(): Promise<void> {
    await this.#net.namespaces[this.#router].nft('delete table inet portal');
  }
}
