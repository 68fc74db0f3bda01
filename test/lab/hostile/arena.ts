/**
 * A hub, an attached device with its traffic, and an attacker between them: what every case starts from.
 *
 * `attack` of a case runs between two readings (`gauge.ts`); `judge` says what the attack achieved. The daemons are the
 * compiled binary. Nothing here is waited for by time alone, except how long an attack lasts.
 *
 * @module
 */
import { writeFileSync } from 'node:fs';
import { monotonicMs } from '../libc.ts';
import { eventually, type LabProcess } from '../process.ts';
import {
  type AuditLine,
  auditOf,
  isAttached,
  Site,
  type SiteOptions,
  untilAudit,
} from '../site.ts';
import { LiveHeap } from '../soak/liveHeap.ts';
import type { Point } from './flat.ts';
import type { Flooded, FloodOrder } from './flood.ts';
import { type Reading, read } from './gauge.ts';
import { Legit } from './legit.ts';
import { MEASURED } from './memory.ts';
import { DEVICE_ADDRESS, HostileNet, HUB_OUTER, HUB_PORT } from './net.ts';
import type { UdpEnd } from './packet.ts';
import { Forger, PeerSocket, Tap } from './raw.ts';

export const HUB_END: UdpEnd = { address: HUB_OUTER, port: HUB_PORT };
export const DEVICE = 'gw';
const LAN_INDEX = 81;
const WAN_INDEX = 82;
const ATTACH_MS = 30_000;
/**
 * Counters that are the same for so long stand still: far longer than a daemon takes from one datagram to the next. How
 * many were sent says less, for what is answered or waits is in no counter. Chosen.
 */
const STILL_MS = 150;
/**
 * How long an attacker listens for what its last datagram drew. That nothing more comes can only be waited for; the latest
 * is a challenge, at most one a second for a session (docs/protocol.md, "Addresses and challenges"). Chosen: half as much again.
 */
export const LATE_ANSWERS_MS = 1_500;

export interface ArenaOptions {
  /** Runs when the hub is up and the device has not said a word. */
  readonly beforeAgent?: (net: HostileNet) => void;
  /** Beyond the binary. */
  readonly site?: SiteOptions;
  /** In how many waves an attack comes. With one, memory is not measured in halves and the daemons collect as shipped. */
  readonly waves?: number;
  /** How much growth is none; `calm.ts`. */
  readonly allowed?: Point;
}

interface Watched {
  readonly process: LabProcess;
  readonly heap: LiveHeap;
}

type OnLine = (line: string) => void;

async function watched(
  start: (onLine: OnLine) => LabProcess | Promise<LabProcess>,
): Promise<Watched> {
  const heap = new LiveHeap();
  const process = await start((line) => heap.take(line, monotonicMs()));
  return { process, heap };
}

export class Arena implements AsyncDisposable {
  readonly net: HostileNet;
  readonly site: Site;
  readonly hub: LabProcess;
  readonly devicePublicKey: string;
  readonly waves: number;
  readonly allowed: Point | null;
  agent: LabProcess;
  /** What full collections leave alive at the hub, and at the agent that runs. */
  readonly hubHeap: LiveHeap;
  agentHeap: LiveHeap;
  readonly #env: Readonly<Record<string, string>>;
  readonly #stack: AsyncDisposableStack;
  #orders = 0;
  #legits = 0;

  private constructor(
    net: HostileNet,
    site: Site,
    parts: { hub: Watched; agent: Watched; devicePublicKey: string },
    options: ArenaOptions,
    stack: AsyncDisposableStack,
  ) {
    this.net = net;
    this.site = site;
    this.hub = parts.hub.process;
    this.hubHeap = parts.hub.heap;
    this.agent = parts.agent.process;
    this.agentHeap = parts.agent.heap;
    this.devicePublicKey = parts.devicePublicKey;
    this.waves = options.waves ?? 1;
    this.allowed = options.allowed ?? null;
    this.#env = envOf(options);
    this.#stack = stack;
  }

  /**
   */
  static async create(binary: string, options: ArenaOptions = {}): Promise<Arena> {
    await using stack = new AsyncDisposableStack();
    const net = await HostileNet.create();
    const site = stack.use(new Site(net, { ...options.site, binary }));
    stack.use(net); // its processes end before their folder goes
    const hub = await watched((onLine) => site.hub(envOf(options), { onLine }));
    const devicePublicKey = await site.device(DEVICE);
    options.beforeAgent?.(net);
    const agent = await watched((onLine) => site.agent(DEVICE, envOf(options), { onLine }));
    await untilAudit(agent.process, 'ATTACHED', isAttached, ATTACH_MS);
    return new Arena(net, site, { hub, agent, devicePublicKey }, options, stack.move());
  }

  get hubPublicKey(): Uint8Array {
    return Buffer.from(this.site.hubPublicKey, 'base64');
  }

  /** Towards the hub, or towards the device at the port it sends from. */
  forger(target: UdpEnd = HUB_END): Forger {
    return this.#stack.use(this.net.namespaces.middle.inside(() => new Forger(target)));
  }

  /** What comes from the device (`lan`) or from the hub (`wan`), whoever it is for. */
  tap(cable: 'lan' | 'wan'): Tap {
    return this.#stack.use(tapOn(this.net, cable));
  }

  socket(local: UdpEnd): PeerSocket {
    return this.#stack.use(this.net.namespaces.middle.inside(() => new PeerSocket(local, HUB_END)));
  }

  /** Where the device sends from, as the hub's status has it. */
  async deviceEnd(): Promise<UdpEnd> {
    const { seat } = await this.read();
    const port = Number(/:(\d+)$/.exec(seat.binding ?? '')?.[1]);
    return { address: DEVICE_ADDRESS, port };
  }

  async read(): Promise<Reading> {
    return read(this.site, DEVICE, { hub: this.hub.pid, agent: this.agent.pid });
  }

  async flood(order: Omit<FloodOrder, 'target' | 'seed'>, target = HUB_END): Promise<Flooded> {
    this.#orders += 1;
    const file = this.site.path(`flood${this.#orders}.json`);
    writeFileSync(file, JSON.stringify({ ...order, target, seed: this.#orders }));
    const program = Bun.fileURLToPath(new URL('./flood.ts', import.meta.url));
    await using child = this.net.spawn('middle', [process.execPath, program, file]);
    const patienceMs = order.seconds * 2_000 + 15_000;
    return await child.untilJson<Flooded>((line) => line.event === 'flooded', patienceMs);
  }

  /** The device's traffic; the port is another one each time. */
  async legit(): Promise<Legit> {
    this.#legits += 1;
    return Legit.start(this.net, 7_000 + this.#legits);
  }

  hubAudit(from = 0): readonly AuditLine[] {
    return auditOf(this.hub).slice(from);
  }

  agentAudit(from = 0): readonly AuditLine[] {
    return auditOf(this.agent).slice(from);
  }

  /** Stop the agent without a word and start it again: it comes back to its session. */
  async restartAgent(): Promise<void> {
    await this.agent.stop('SIGKILL');
    await this.startAgent();
    await untilAudit(this.agent, 'ATTACHED again', isAttached, ATTACH_MS);
  }

  /** The one before has ended. */
  async startAgent(): Promise<void> {
    const start = (onLine: OnLine) => this.site.agent(DEVICE, this.#env, { onLine });
    ({ process: this.agent, heap: this.agentHeap } = await watched(start));
  }

  /** Until the hub has looked at all that was sent: its counters stand still. */
  async settled(): Promise<void> {
    let last = '';
    await eventually(
      'the hub has worked off what came',
      async () => {
        const { hub, agent } = await this.read();
        // Of live traffic the counters of refusals know nothing.
        const now = JSON.stringify([hub.counters, agent.packets.refused]);
        const isSame = now === last;
        last = now;
        if (!isSame) await Bun.sleep(STILL_MS);
        return isSame;
      },
      20_000,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

const envOf = ({ waves = 1 }: ArenaOptions) => (waves > 1 ? MEASURED : {});

export function tapOn(net: HostileNet, cable: 'lan' | 'wan'): Tap {
  return net.namespaces.middle.inside(() => new Tap(cable === 'lan' ? LAN_INDEX : WAN_INDEX));
}
