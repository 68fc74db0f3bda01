/**
 * What every contender is measured over: two namespaces and one veth pair.
 *
 * ```text
 *  device                                                    hub
 *  ┌──────────────────────────────┐                          ┌──────────────────────────────┐
 *  │ iperf3, ping ── tun ── tunnel │                          │ tunnel ── tun ── iperf3 -s   │
 *  │                          │   │                          │   │                          │
 *  │                203.0.113.2   │                          │   203.0.113.1                │
 *  │                        eth0 ─┼── veth, MTU 1500 ────────┼─ eth0                        │
 *  └──────────────────────────────┘                          └──────────────────────────────┘
 * ```
 *
 * The hosts behind the tunnel are its own ends: a further hop would cost every contender the same and show nothing. The
 * veth keeps the kernel's default offloads, as between two virtual machines of one host.
 *
 * @module
 */
import { Namespace, newStem, sweep } from '../namespace.ts';
import { LabProcess, type Outcome, type SpawnOptions } from '../process.ts';

export const DEVICE_OUTER = '203.0.113.2';
export const HUB_OUTER = '203.0.113.1';
export const VETH_MTU_BYTES = 1500;

export type End = 'device' | 'hub';

export async function cable(): Promise<Cable> {
  await sweep();
  const stem = newStem();
  const [device, hub] = await Namespace.create([`${stem}-device`, `${stem}-hub`]);
  const made = new Cable({ device: device!, hub: hub! });
  // Different indexes at the two ends: with equal ones carrier events come late.
  await hub!.ip([
    `link add eth0 index 20 type veth peer name eth0 index 40 netns ${device!.name}`,
    'link set lo up',
    `link set eth0 mtu ${VETH_MTU_BYTES} up`,
    `addr add ${HUB_OUTER}/24 dev eth0`,
  ]);
  await device!.ip([
    'link set lo up',
    `link set eth0 mtu ${VETH_MTU_BYTES} up`,
    `addr add ${DEVICE_OUTER}/24 dev eth0`,
  ]);
  return made;
}

export class Cable implements AsyncDisposable {
  readonly namespaces: Readonly<Record<End, Namespace>>;
  readonly #children = new Set<LabProcess>();

  constructor(namespaces: Readonly<Record<End, Namespace>>) {
    this.namespaces = namespaces;
  }

  /** Start `argv` at one end. It is ended with the cable if not before. */
  spawn(end: End, argv: readonly string[], options: SpawnOptions = {}): LabProcess {
    const child = new LabProcess(this.namespaces[end].argv(argv), {
      name: `${argv[0]} in ${end}`,
      ...options,
    });
    this.#children.add(child);
    return child;
  }

  /** Run `argv` at one end to its end; throws on a non-zero status unless `mayFail`. */
  exec(end: End, argv: readonly string[], options: { mayFail?: boolean } = {}): Promise<Outcome> {
    return this.namespaces[end].exec(argv, options);
  }

  /** The MTU of an interface. */
  async mtuBytes(end: End, name: string): Promise<number> {
    const { stdout } = await this.exec(end, ['cat', `/sys/class/net/${name}/mtu`]);
    return Number(stdout);
  }

  /** End what runs here: whoever waits for it is told that it ended. */
  async interrupt(): Promise<void> {
    await Promise.all([...this.#children].map((child) => child.stop()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.interrupt();
    for (const namespace of Object.values(this.namespaces)) await namespace[Symbol.asyncDispose]();
  }
}
