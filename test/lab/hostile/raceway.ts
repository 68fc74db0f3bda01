/**
 * A network in which somebody is faster: a slow way for what the device sends, and beside it a racer with a cable of its
 * own to the hub, in a namespace of its own.
 *
 * ```text
 *   device ═══ lan  middle  wan ═════════ eth0   hub     what the hub sends, and all of it while the way is short
 *                │          slow ═emulator═ slow          what the device sends while the way is long, DELAY_MS late
 *              a tap
 *                ▼
 *              racer 198.51.100.66 ═ veth ═ 198.51.100.1  copies, and whatever the hub has to say to that address
 * ```
 *
 * Nothing of the device is dropped or changed: its datagrams arrive as it sent them, but later.
 *
 * @module
 */
import { LinkEmulator } from '../emulator.ts';
import { Namespace, newStem } from '../namespace.ts';
import { run } from '../process.ts';
import { HUB_END } from './arena.ts';
import type { HostileNet } from './net.ts';
import type { UdpEnd } from './packet.ts';
import { PeerSocket, Tap } from './raw.ts';

export const RACER: UdpEnd = { address: '198.51.100.66', port: 6_666 };
const RACER_NET = '198.51.100.0/24';
const HUB_SIDE = '198.51.100.1';
const SLOW_MIDDLE = '192.0.2.1';
const SLOW_HUB = '192.0.2.2';
/** Far longer than a copy takes, on a busy machine too; less than any silence that the device would think a death. */
export const DELAY_MS = 30;
/** packet(7): a tap of interface 0 sees all of them, in the order in which datagrams arrived. */
const EVERY_INTERFACE = 0;

export class Raceway implements AsyncDisposable {
  readonly #net: HostileNet;
  readonly #racer: Namespace;
  readonly #stack: AsyncDisposableStack;

  private constructor(net: HostileNet, racer: Namespace, stack: AsyncDisposableStack) {
    this.#net = net;
    this.#racer = racer;
    this.#stack = stack;
  }

  static async create(net: HostileNet): Promise<Raceway> {
    await using stack = new AsyncDisposableStack();
    const { middle, hub } = net.namespaces;
    const [racer] = (await Namespace.create([`${newStem()}-racer`])) as [Namespace];
    stack.use(racer);
    const slow = {
      ...{ name: 'slow', deviceNamespace: middle.name },
      ...{ routerNamespace: hub.name, routerInterface: 'slow' },
    };
    const emulator = stack.use(await LinkEmulator.start({ seed: 1, links: [slow] }));
    await emulator.impair('slow', { delayMs: DELAY_MS });
    // Different indexes at both ends; see `wiring.ts`.
    await run([
      ...['ip', '-n', hub.name, 'link', 'add', 'racer', 'index', '93', 'type', 'veth'],
      ...['peer', 'name', 'eth0', 'index', '73', 'netns', racer.name],
    ]);
    await hub.ip([
      `addr add ${HUB_SIDE}/24 dev racer noprefixroute`,
      'link set racer up',
      // As in `wiring.ts`: a socket bound to no address answers from the hub's.
      `route add ${RACER_NET} dev racer src ${HUB_END.address}`,
      `addr add ${SLOW_HUB}/24 dev slow`,
      'link set slow up',
    ]);
    await racer.ip([
      'link set lo up',
      `addr add ${RACER.address}/24 dev eth0`,
      'link set eth0 up gso_max_segs 1',
      `route add default via ${HUB_SIDE}`,
    ]);
    await middle.ip([`addr add ${SLOW_MIDDLE}/24 dev slow`, 'link set slow up']);
    return new Raceway(net, racer, stack.move());
  }

  /** From here on what the device sends is late; what it has sent is not. */
  async lengthen(): Promise<void> {
    await this.#net.namespaces.middle.ip([`route add ${HUB_END.address}/32 via ${SLOW_HUB}`]);
  }

  async shorten(): Promise<void> {
    await this.#net.namespaces.middle.ip([`route del ${HUB_END.address}/32 via ${SLOW_HUB}`]);
  }

  /** What the racer sends and receives with: no right to forge anything is needed for that. Closed by the caller. */
  socket(): PeerSocket {
    return this.#racer.inside(() => new PeerSocket(RACER, HUB_END));
  }

  /** All that arrives at the hub, whichever way it came. Closed by the caller. */
  arrivals(): Tap {
    return this.#net.namespaces.hub.inside(() => new Tap(EVERY_INTERFACE));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
