/**
 * Where one profile idles: a hub with a broker behind it, and four devices with links of their own.
 *
 * ```text
 *  standby4, standby6          hub
 *  ┌──────────┐                ┌──────────────────────────────────────┐
 *  │ eth0  ───┼── veth ────────┼─ e1, e3      lo 203.0.113.1          │
 *  │ wwan0 ───┼── veth ────────┼─ w1, w3         2001:db8:ff::1       │
 *  └──────────┘                │                 10.79.0.2 mosquitto  │
 *  active4, active6            │              (through the tunnel)    │
 *  ┌──────────┐                │                                      │
 *  │ wwan0 ───┼── veth ────────┼─ w2, w4                              │
 *  └──────────┘                └──────────────────────────────────────┘
 * ```
 *
 * The figure behind the name is the family of the outer addresses. Neighbours are permanent and there is no router
 * discovery: a mobile link has neither ARP nor Neighbour Discovery, so nothing of that is counted as if it had.
 *
 * @module
 */
import { Namespace, newStem } from '../../namespace.ts';
import { LabProcess, type Outcome, type SpawnOptions } from '../../process.ts';

export const CASES = ['standby4', 'active4', 'standby6', 'active6'] as const;
export type Case = (typeof CASES)[number];

export const HUB = { v4: '203.0.113.1', v6: '2001:db8:ff::1' } as const;
export const BROKER = '10.79.0.2';
/** The link whose bytes cost money. */
export const LTE = 'wwan0';

export const isStandby = (name: Case) => name.startsWith('standby');
export const isIpv6 = (name: Case) => name.endsWith('6');

export class Room implements AsyncDisposable {
  readonly #hub: Namespace;
  readonly #devices: ReadonlyMap<string, Namespace>;
  readonly #children: LabProcess[] = [];

  private constructor(hub: Namespace, devices: ReadonlyMap<string, Namespace>) {
    this.#hub = hub;
    this.#devices = devices;
  }

  static async create(): Promise<Room> {
    const stem = newStem();
    const made = await Namespace.create([`${stem}-hub`, ...CASES.map((name) => `${stem}-${name}`)]);
    const [hub, ...devices] = made as [Namespace, ...Namespace[]];
    const room = new Room(hub, new Map(CASES.map((name, at) => [name, devices[at]!])));
    for (const namespace of made) quieten(namespace);
    await hub.ip([
      'link set lo up',
      `addr add ${HUB.v4}/32 dev lo`,
      `addr add ${HUB.v6}/128 dev lo nodad`,
      `addr add ${BROKER}/32 dev lo`,
    ]);
    await hub.nft(FILTER);
    for (const [at, name] of CASES.entries()) await join(hub, devices[at]!, name, at + 1);
    return room;
  }

  /** As `SiteNet` has it. Devices are told apart by the name the site gives their process. */
  spawn(role: 'hub' | 'device', argv: readonly string[], options: SpawnOptions = {}): LabProcess {
    const where = role === 'hub' ? this.#hub : this.device(options.name?.split(' ').at(-1) ?? '');
    const child = new LabProcess(where.argv(argv), options);
    this.#children.push(child);
    return child;
  }

  /** Commands that only talk to files and unix sockets: they run beside the hub. */
  exec(
    _role: 'hub' | 'device',
    argv: readonly string[],
    options: { mayFail?: boolean } = {},
  ): Promise<Outcome> {
    return this.#hub.exec(argv, options);
  }

  device(name: string): Namespace {
    const found = this.#devices.get(name);
    if (found === undefined) throw new Error(`no device ${name}`);
    return found;
  }

  async interrupt(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.stop()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.interrupt();
    for (const namespace of [this.#hub, ...this.#devices.values()]) {
      await namespace[Symbol.asyncDispose]();
    }
  }
}

/** The broker is behind the tunnel: from outside it does not answer, whatever the device's routes say before it has one. */
const FILTER = `table inet outer {
  chain input {
    type filter hook input priority 0;
    iifname { "e1", "e3", "w1", "w2", "w3", "w4" } ip daddr ${BROKER} drop
  }
}
`;

/** Kernel settings that must precede the interfaces. */
function quieten(namespace: Namespace): void {
  namespace.sysctl({
    'net/ipv4/conf/all/rp_filter': 0,
    'net/ipv4/conf/default/rp_filter': 0,
    'net/ipv6/conf/all/accept_dad': 0,
    'net/ipv6/conf/default/accept_dad': 0,
    'net/ipv6/conf/default/dad_transmits': 0,
    'net/ipv6/conf/default/accept_ra': 0,
    'net/ipv6/conf/default/router_solicitations': 0,
    // 1: no link-local address is made, so nothing is said about one.
    'net/ipv6/conf/default/addr_gen_mode': 1,
  });
}

interface Cable {
  readonly link: string;
  readonly far: string;
  /** Of the device's routes; the lower one is preferred. */
  readonly metric: number;
  readonly net4: string;
  readonly net6: string;
  readonly macs: { readonly device: string; readonly hub: string };
}

async function join(hub: Namespace, device: Namespace, name: Case, index: number): Promise<void> {
  const cables = [...(isStandby(name) ? [cableOf('eth0', index)] : []), cableOf(LTE, index)];
  await hub.ip(
    cables.map(
      ({ link, far, macs }, at) =>
        // Different indexes at the two ends: with equal ones carrier events come late.
        `link add ${far} index ${20 + 2 * index + at} address ${macs.hub} type veth ` +
        `peer name ${link} index ${60 + at} address ${macs.device} netns ${device.name}`,
    ),
  );
  await hub.ip(cables.flatMap(hubLines));
  await device.ip(['link set lo up', ...cables.flatMap(deviceLines)]);
}

function cableOf(link: string, index: number): Cable {
  const isLte = link === LTE;
  const kind = isLte ? 'w' : 'e';
  const mac = (end: number) => `02:00:00:0${isLte ? 2 : 1}:0${index}:0${end}`;
  return {
    link,
    far: `${kind}${index}`,
    metric: isLte ? 300 : 100,
    net4: isLte ? `100.64.${index}` : `10.78.${index}`,
    net6: `2001:db8:${isLte ? 2 : 1}${index}:`,
    macs: { device: mac(1), hub: mac(2) },
  };
}

function deviceLines({ link, metric, net4, net6, macs }: Cable): string[] {
  return [
    `link set ${link} gso_max_segs 1 up`,
    `addr add ${net4}.2/24 dev ${link}`,
    `addr add ${net6}:2/64 dev ${link} nodad`,
    `neigh add ${net4}.1 lladdr ${macs.hub} dev ${link} nud permanent`,
    `neigh add ${net6}:1 lladdr ${macs.hub} dev ${link} nud permanent`,
    `route add default via ${net4}.1 dev ${link} metric ${metric}`,
    `route add default via ${net6}:1 dev ${link} metric ${metric}`,
  ];
}

/*
 * With one segment each, what a daemon sends in one call crosses the cable as the packets that a mobile link would
 * carry: super-packets would be counted with one header for many.
 */

/** Every route back names the outer address as source: the hub's socket is bound to none. */
function hubLines({ far, net4, net6, macs }: Cable): string[] {
  return [
    `link set ${far} gso_max_segs 1 up`,
    `addr add ${net4}.1/24 dev ${far} noprefixroute`,
    `addr add ${net6}:1/64 dev ${far} nodad noprefixroute`,
    `neigh add ${net4}.2 lladdr ${macs.device} dev ${far} nud permanent`,
    `neigh add ${net6}:2 lladdr ${macs.device} dev ${far} nud permanent`,
    `route add ${net4}.0/24 dev ${far} src ${HUB.v4}`,
    `route add ${net6}:/64 dev ${far} src ${HUB.v6}`,
  ];
}
