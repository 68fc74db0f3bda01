/**
 * Two namespaces with a link between them that loses and reorders single datagrams.
 *
 * ```text
 *  device                                                           hub
 *  ┌─────────────────────────────┐                                  ┌─────────────────────────────┐
 *  │ flows ── tun ── jvpn ── eth0 ─┼─ tap ── link emulator ── tap ─┼─ eth0 ── jvpn ── tun ── flows │
 *  │                203.0.113.2  │      drops, holds back           │   203.0.113.1               │
 *  └─────────────────────────────┘                                  └─────────────────────────────┘
 * ```
 *
 * The taps refuse offloads, so the kernel cuts what the tunnel hands over as one run into the datagrams that a wire would
 * carry, and each of them meets its own fate. That fate follows from the seed and the number of the frame
 * (`emulator/impairment.ts`). Behind the link the kernel merges neighbours again, as behind a real card: the tunnel
 * receives runs with datagrams missing and out of order. Only real root may make it do that; else they arrive one by one.
 *
 * @module
 */
import { LinkEmulator } from '../../emulator.ts';
import { Namespace, newStem, sweep } from '../../namespace.ts';
import { Cable, DEVICE_OUTER, HUB_OUTER, VETH_MTU_BYTES } from '../cable.ts';

export const HUB_OUTER6 = '2001:db8:ff::1';
const DEVICE_OUTER6 = '2001:db8:ff::2';
const LINK = 'eth0';
/** Held back for as long as a fast link takes for a dozen full datagrams. Chosen. */
const REORDER_MS = 1;
/** How long a datagram may wait for one to be merged with: the emulator delivers a batch in less. Chosen. */
const MERGE_NS = 100_000;

/** What is done to datagrams, in each direction. */
export interface Injection {
  readonly lossPercent: number;
  readonly reorderPercent: number;
}

/** Of one direction, single datagrams. */
export interface Injected {
  readonly entered: number;
  readonly dropped: number;
  /** Arrived behind one that was sent later. */
  readonly reordered: number;
}

export interface InjectedBothWays {
  readonly up: Injected;
  readonly down: Injected;
}

export class LossyCable implements AsyncDisposable {
  readonly cable: Cable;
  /** Whether datagrams arrive in runs. */
  readonly isMerging: boolean;
  readonly #emulator: LinkEmulator;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    { cable, emulator, isMerging }: { cable: Cable; emulator: LinkEmulator; isMerging: boolean },
    stack: AsyncDisposableStack,
  ) {
    this.cable = cable;
    this.isMerging = isMerging;
    this.#emulator = emulator;
    this.#stack = stack;
  }

  static async create(seed: number): Promise<LossyCable> {
    await sweep();
    const stem = newStem();
    const [device, hub] = await Namespace.create([`${stem}-device`, `${stem}-hub`]);
    await using stack = new AsyncDisposableStack();
    const cable = stack.use(new Cable({ device: device!, hub: hub! }));
    const place = { deviceNamespace: device!.name, routerNamespace: hub!.name };
    const links = [{ name: LINK, routerInterface: LINK, isMerging: true, ...place }];
    const emulator = stack.use(await LinkEmulator.start({ seed, links }));
    let isMerging = true;
    for (const [end, v4, v6] of [
      [hub!, HUB_OUTER, HUB_OUTER6],
      [device!, DEVICE_OUTER, DEVICE_OUTER6],
    ] as const) {
      await end.ip([
        'link set lo up',
        `link set ${LINK} mtu ${VETH_MTU_BYTES} up`,
        `addr add ${v4}/24 dev ${LINK}`,
        `addr add ${v6}/64 dev ${LINK} nodad`,
      ]);
      isMerging = (await hasMerging(end)) && isMerging;
    }
    return new LossyCable({ cable, emulator, isMerging }, stack.move());
  }

  /** From this moment on, for what enters. */
  async inject({ lossPercent, reorderPercent }: Injection): Promise<void> {
    await this.#emulator.impair(LINK, { lossPercent, reorderPercent, reorderMs: REORDER_MS });
  }

  /** Since the cable was laid. */
  async injected(): Promise<InjectedBothWays> {
    const counters = (await this.#emulator.counters())[LINK]!;
    const of = ({ entered, lost, overtaken }: typeof counters.out): Injected => ({
      entered,
      dropped: lost,
      reordered: overtaken,
    });
    return { up: of(counters.out), down: of(counters.in) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Ask the kernel to wait for neighbours at this end; whether it will. */
async function hasMerging(end: Namespace): Promise<boolean> {
  const script = `echo ${MERGE_NS} > /sys/class/net/${LINK}/gro_flush_timeout`;
  return (await end.exec(['sh', '-c', script], { mayFail: true })).code === 0;
}
