/**
 * The network of the hostile-peer cases: a device, a hub, and between them a router that belongs to the attacker.
 *
 * ```text
 *   device                     middle (the attacker)                      hub
 *   eth0 10.78.1.2 ═══ veth ═══ lan 10.78.1.1      wan 203.0.113.254 ═══ veth ═══ eth0 203.0.113.1
 *                               local 198.18.0.0/15 (any address of it is ours)
 * ```
 *
 * Whoever only forges uses the addresses of 198.18.0.0/15 (RFC 2544) or writes any source it likes; whoever sits on the
 * path taps, drops and sends again in `middle`. Segmentation by the cable is off: what is tapped are single datagrams.
 *
 * @module
 */
import { Namespace, newStem, sweep } from '../namespace.ts';
import { LabProcess, type Outcome, run, type SpawnOptions } from '../process.ts';
import type { SiteNet } from '../site.ts';

export const DEVICE_ADDRESS = '10.78.1.2';
export const ROUTER_ADDRESS = '10.78.1.1';
export const HUB_OUTER = '203.0.113.1';
export const HUB_PORT = 51_820;
const WAN_ADDRESS = '203.0.113.254';
/** All of it is the attacker's. */
const ATTACKER_NET = '198.18.0.0/15';

export type HostileRole = 'device' | 'middle' | 'hub';

export class HostileNet implements SiteNet, AsyncDisposable {
  readonly namespaces: Readonly<Record<HostileRole, Namespace>>;
  readonly #children: LabProcess[] = [];

  private constructor(namespaces: Readonly<Record<HostileRole, Namespace>>) {
    this.namespaces = namespaces;
  }

  static async create(): Promise<HostileNet> {
    await sweep();
    const stem = newStem();
    const roles = ['device', 'middle', 'hub'] as const;
    const [device, middle, hub] = (await Namespace.create(
      roles.map((role) => `${stem}-${role}`),
    )) as [Namespace, Namespace, Namespace];
    const net = new HostileNet({ device, middle, hub });
    for (const namespace of [device, middle, hub]) {
      namespace.sysctl({
        'net/ipv4/ip_forward': namespace === middle ? 1 : 0,
        'net/ipv4/conf/all/rp_filter': 0,
        'net/ipv4/conf/default/rp_filter': 0,
        'net/ipv4/conf/all/accept_local': 1,
        'net/ipv4/conf/all/send_redirects': 0,
        'net/ipv4/conf/default/send_redirects': 0,
        'net/ipv6/conf/default/accept_dad': 0,
      });
    }
    // Different indexes at both ends; see `wiring.ts`.
    await run([
      ...['ip', '-n', device.name, 'link', 'add', 'eth0', 'index', '71', 'type', 'veth'],
      ...['peer', 'name', 'lan', 'index', '81', 'netns', middle.name],
    ]);
    await run([
      ...['ip', '-n', hub.name, 'link', 'add', 'eth0', 'index', '91', 'type', 'veth'],
      ...['peer', 'name', 'wan', 'index', '82', 'netns', middle.name],
    ]);
    await device.ip([
      'link set lo up',
      `addr add ${DEVICE_ADDRESS}/24 dev eth0`,
      'link set eth0 up gso_max_segs 1',
      `route add default via ${ROUTER_ADDRESS}`,
    ]);
    await hub.ip([
      'link set lo up',
      `addr add ${HUB_OUTER}/24 dev eth0`,
      'link set eth0 up gso_max_segs 1',
      `route add default via ${WAN_ADDRESS}`,
    ]);
    await middle.ip([
      'link set lo up',
      `addr add ${ROUTER_ADDRESS}/24 dev lan`,
      `addr add ${WAN_ADDRESS}/24 dev wan`,
      'link set lan up',
      'link set wan up',
      `route add local ${ATTACKER_NET} dev lo`,
    ]);
    await middle.nft(`table inet quiet {
  chain out { type filter hook output priority 0;
    ip saddr ${ATTACKER_NET} icmp type destination-unreachable drop
  }
}
table inet path {
  chain way { type filter hook forward priority 0; }
}`);
    return net;
  }

  /** What the path does with what it forwards: nftables rules of one chain, none for nothing. */
  async path(rules: readonly string[]): Promise<void> {
    const lines = rules.map((rule) => `add rule inet path way ${rule}`);
    await this.namespaces.middle.nft(['flush chain inet path way', ...lines].join('\n'));
  }

  spawn(role: HostileRole, argv: readonly string[], options: SpawnOptions = {}): LabProcess {
    const child = new LabProcess(this.namespaces[role].argv(argv), {
      name: `${argv[0]} in ${role}`,
      ...options,
    });
    this.#children.push(child);
    return child;
  }

  exec(
    role: HostileRole,
    argv: readonly string[],
    options: { mayFail?: boolean } = {},
  ): Promise<Outcome> {
    return this.namespaces[role].exec(argv, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#children.map((child) => child.stop()));
    const { device, middle, hub } = this.namespaces;
    for (const namespace of [device, middle, hub]) await namespace[Symbol.asyncDispose]();
  }
}
