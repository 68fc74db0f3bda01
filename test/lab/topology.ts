/**
 * The lab network, in namespaces, with real kernel interfaces:
 *
 * ```text
 *  device                       router-eth0                       hub                        server
 *  ┌───────────────┐            ┌─────────────────┐               ┌───────────────────────┐  ┌───────────┐
 *  │ eth0  metric  │ ═emulator═ │ lan         wan │ ───── veth ── │ up-eth0               │  │           │
 *  │ 10.78.1.2 100 │            │ .1   172.31.1.2 │          .1   │                       │  │           │
 *  │ 2001:db8:1::2 │            └─────────────────┘               │   lo 203.0.113.1      │  │           │
 *  │               │            router-wlan0                      │      2001:db8:ff::1   │  │           │
 *  │ wlan0         │            ┌─────────────────┐               │                       │  │           │
 *  │ 10.78.2.2 200 │ ═emulator═ │ lan         wan │ ───── veth ── │ up-wlan0          lan │──│ lan       │
 *  │ 2001:db8:2::2 │            │ .1   172.31.2.2 │          .1   │             10.79.0.1 │  │ 10.79.0.2 │
 *  │               │            └─────────────────┘               │               fd79::1 │  │   fd79::2 │
 *  │ wwan0         │            router-wwan0 (NAT)                │                       │  │           │
 *  │ 100.64.3.2    │ ═emulator═ │ lan         wan │ ───── veth ── │ up-wwan0              │  │           │
 *  │           300 │            │ .1 198.51.100.n │          .1   │                       │  │           │
 *  └───────────────┘            └─────────────────┘               └───────────────────────┘  └───────────┘
 * ```
 *
 * The hub has one outer address of each family, reached over every link (IPv6 not over wwan0). Nothing that arrives on
 * its outer interfaces is forwarded, so the server is reached through the tunnel or not at all; the server has routes to
 * the inner addresses 10.77.0.0/16 and fd77::/64 by way of the hub.
 *
 * @module
 */

import type { Directions, LinkCounters } from './emulator/control.ts';
import type { Impairment } from './emulator/impairment.ts';
import type { Direction } from './emulator/lane.ts';
import { LinkEmulator } from './emulator.ts';
import { Namespace, newStem, sweep } from './namespace.ts';
import { MobileNat, type Rebinding } from './nat.ts';
import { LINK_PLANS, type LinkName, ROLES, type Role } from './plan.ts';
import { LabProcess, type Outcome, type SpawnOptions } from './process.ts';
import { address, makeCables, type Namespaces, prepareKernel } from './wiring.ts';

export interface TopologyOptions {
  /** Of the link emulator's dice; 1 if absent. */
  readonly seed?: number;
  /** What the links do from the start, both ways. */
  readonly impair?: Readonly<Partial<Record<LinkName, Partial<Impairment>>>>;
}

/** Build the lab; everything in it ends with `await using`. Needs root or `rootless.ts`. */
export async function topology(options: TopologyOptions = {}): Promise<Topology> {
  await using stack = new AsyncDisposableStack();
  await sweep();
  const stem = newStem();
  const made = await Namespace.create(ROLES.map((role) => `${stem}-${role}`));
  for (const namespace of made) stack.use(namespace);
  const namespaces = Object.fromEntries(
    ROLES.map((role, index) => [role, made[index]]),
  ) as Namespaces;

  prepareKernel(namespaces);
  const emulator = stack.use(
    await LinkEmulator.start({
      seed: options.seed ?? 1,
      links: LINK_PLANS.map((plan) => ({
        name: plan.name,
        deviceNamespace: namespaces.device.name,
        routerNamespace: namespaces[plan.router].name,
        routerInterface: 'lan',
      })),
    }),
  );
  await makeCables(namespaces);
  await address(namespaces);
  for (const [link, changes] of Object.entries(options.impair ?? {})) {
    await emulator.impair(link, changes);
  }
  return new Topology(namespaces, emulator, stack.move());
}

export class Topology implements AsyncDisposable {
  readonly namespaces: Namespaces;
  readonly emulator: LinkEmulator;
  readonly #stack: AsyncDisposableStack;
  readonly #nats = new Map<LinkName, MobileNat>();
  readonly #children: LabProcess[] = [];

  constructor(namespaces: Namespaces, emulator: LinkEmulator, stack: AsyncDisposableStack) {
    this.namespaces = namespaces;
    this.emulator = emulator;
    this.#stack = stack;
    for (const plan of LINK_PLANS.filter((candidate) => candidate.isNat)) {
      const nat = new MobileNat(plan, namespaces[plan.router], namespaces.hub);
      this.#nats.set(plan.name, nat);
    }
  }

  /** Pull or plug the cable at the device. Returns when it took effect (CLOCK_MONOTONIC, as all times here). */
  async carrier(link: LinkName, state: 'up' | 'down'): Promise<number> {
    return this.emulator.carrier(link, state === 'up');
  }

  /** Drop everything both ways while the interface stays up. */
  async silence(link: LinkName, on: boolean): Promise<number> {
    return this.emulator.cut(link, 'both', on);
  }

  /** Drop everything in one direction: `out` is from the device, `in` is towards it. */
  async oneWay(link: LinkName, direction: Direction, on: boolean): Promise<number> {
    return this.emulator.cut(link, direction, on);
  }

  /** Change delay, loss and so on; fields not named keep their value. */
  async impair(
    link: LinkName,
    changes: Partial<Impairment>,
    direction: Directions = 'both',
  ): Promise<number> {
    return this.emulator.impair(link, changes, direction);
  }

  /** Frame counters of every link and direction. */
  async counters(): Promise<Readonly<Record<LinkName, LinkCounters>>> {
    return (await this.emulator.counters()) as Readonly<Record<LinkName, LinkCounters>>;
  }

  /** Move every flow behind the NAT of `link` to another public address and port. */
  async rebind(link: LinkName): Promise<Rebinding> {
    const nat = this.#nats.get(link);
    if (nat === undefined) throw new Error(`${link} is not behind a NAT`);
    return nat.rebind();
  }

  /** Start `argv` in a namespace. It is ended with the lab if not before. */
  spawn(role: Role, argv: readonly string[], options: SpawnOptions = {}): LabProcess {
    const child = new LabProcess(this.namespaces[role].argv(argv), {
      name: `${argv[0]} in ${role}`,
      ...options,
    });
    this.#children.push(child);
    return child;
  }

  /** Start a flow of `flows/` in a namespace: `net.flow('device', 'udpSource', ['--to', '10.79.0.2:7000'])`. */
  flow(
    role: Role,
    flow: 'tcpSource' | 'tcpSink' | 'udpSource' | 'udpSink',
    argv: readonly string[],
    options: SpawnOptions = {},
  ): LabProcess {
    const program = Bun.fileURLToPath(new URL(`./flows/${flow}.ts`, import.meta.url));
    return this.spawn(role, [process.execPath, program, ...argv], {
      name: `${flow} in ${role}`,
      ...options,
    });
  }

  /** Run `argv` in a namespace to its end; throws on a non-zero status unless `mayFail`. */
  async exec(
    role: Role,
    argv: readonly string[],
    options: { mayFail?: boolean } = {},
  ): Promise<Outcome> {
    return this.namespaces[role].exec(argv, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#children.map((child) => child.stop()));
    await this.#stack.disposeAsync();
  }
}
