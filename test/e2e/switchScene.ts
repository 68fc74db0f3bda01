/**
 * A session that changes its link on purpose, under a numbered flow of 1,000 datagrams a second each way, and what the
 * flows saw of it.
 *
 * What a machine adds is measured, not guessed: the longest hold-up of unswitched stretches of the same flows, before,
 * between and after the switches, all of them together several times as long as the moments of the switches.
 *
 * @module
 */
import { newClock } from '../../hal/linux/clock.ts';
import type { UdpFlow } from '../lab/demo/flow.ts';
import { monotonicMs } from '../lab/libc.ts';
import type { LinkName } from '../lab/plan.ts';
import type { LabProcess } from '../lab/process.ts';
import { type AuditLine, auditOf, isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';
import { startFlowPair, stopFlows, untilArrived } from './flowPair.ts';
import { preferLab } from './preferred.ts';

export const RATE = 1_000;
const UP_PORT = 7_002;
const DOWN_PORT = 7_003;
/** A source that was kept waiting sends what it owes at once: more than the 500 that wait in front of a tun as it stands. */
const TUN_QUEUE_PACKETS = 10 * RATE;
/** After a switch: for what is under way on both ways. */
const SETTLED = RATE / 5;

export interface Move {
  /** Of the transitions, the plan's and the answer's. */
  readonly reasons: readonly string[];
  /** Longest hold-up from the claim on, of the worse direction. */
  readonly holdUpMs: number;
}

export interface Total {
  readonly name: string;
  readonly sent: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Arrived behind one that was sent later. */
  readonly reordered: number;
}

export class SwitchScene implements AsyncDisposable {
  readonly net: Topology;
  readonly site: Site;
  readonly agent: LabProcess;
  readonly #stack: AsyncDisposableStack;
  #flows: UdpFlow[] = [];
  readonly #unswitchedMs: number[] = [];

  private constructor(net: Topology, site: Site, agent: LabProcess, stack: AsyncDisposableStack) {
    this.net = net;
    this.site = site;
    this.agent = agent;
    this.#stack = stack;
  }

  /**
   * Attached over `on`, the flows settled.
   *
   * @param delaysMs each way; links that are not named have no carrier, and those of `down` get theirs later.
   * @param policy TOML below the name.
   */
  static async start(
    delaysMs: Readonly<Record<LinkName, number>>,
    down: readonly LinkName[],
    on: LinkName,
    policy: string,
  ): Promise<SwitchScene> {
    await using stack = new AsyncDisposableStack();
    stack.defer(preferLab());
    const impair = Object.fromEntries(
      Object.entries(delaysMs).map(([link, delayMs]) => [link, { delayMs }]),
    );
    const net = stack.use(await topology({ seed: 17, impair }));
    for (const link of down) await net.carrier(link, 'down');
    const site = stack.use(new Site(net, { policy: `version = 1\nname = "switch"\n${policy}` }));
    await site.hub();
    await site.device('gw1');
    const agent = site.agent('gw1');
    await untilAudit(agent, `ATTACHED on ${on}`, isAttachedOn(on));
    await net.namespaces.device.ip([`link set gw1 txqueuelen ${TUN_QUEUE_PACKETS}`]);
    await net.namespaces.hub.ip([`link set jvpn0 txqueuelen ${TUN_QUEUE_PACKETS}`]);
    const scene = new SwitchScene(net, site, agent, stack.move());
    scene.#flows = await startFlowPair(net, site, {
      upPort: UP_PORT,
      downPort: DOWN_PORT,
      rate: RATE,
    });
    await scene.settled(RATE / 2);
    return scene;
  }

  settled(count: number): Promise<void> {
    return untilArrived(this.#flows, count);
  }

  /** A stretch without a switch: what the machine adds by itself. */
  async unswitched(count: number): Promise<void> {
    const fromAtMs = monotonicMs();
    await this.settled(count);
    this.#unswitchedMs.push(this.#holdUpMs(fromAtMs, monotonicMs()));
  }

  /** The longest hold-up of all unswitched stretches. */
  get unswitchedMs(): number {
    return Math.max(...this.#unswitchedMs);
  }

  /** `act`, and the session goes over to `link`. */
  async moves(link: LinkName, act: () => Promise<unknown>): Promise<Move> {
    const seen = auditOf(this.agent).length;
    await act();
    await untilAudit(this.agent, `ATTACHED on ${link}`, isAttachedOn(link), 15_000, seen);
    await this.settled(SETTLED);
    const toAtMs = monotonicMs();
    const lines = auditOf(this.agent).slice(seen);
    const claimed = lines.find(({ event }) => event === 'claim');
    if (claimed === undefined) throw new Error(`${link}: there is no claim`);
    const transitions = lines.filter(({ event }) => event === 'transition');
    return {
      reasons: transitions.map(({ reason_code }) => reason_code),
      holdUpMs: this.#holdUpMs(claimed.mono_ms - sleptMs(), toAtMs),
    };
  }

  async end(): Promise<readonly Total[]> {
    const totals: Total[] = [];
    for (const flow of this.#flows) {
      const { sent, lost, duplicated } = await flow.finish();
      totals.push({ name: flow.name, sent, lost, duplicated, reordered: await reorderedOf(flow) });
    }
    this.#flows = [];
    return totals;
  }

  #holdUpMs(fromAtMs: number, toAtMs: number): number {
    return Math.max(...this.#flows.map((flow) => flow.holdUpMs(fromAtMs, toAtMs)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stopFlows(this.#flows);
    await this.#stack.disposeAsync();
  }
}

/** From the daemons' clock to the lab's. */
const sleptMs = () => newClock().monotonicMs() - monotonicMs();

const isAttachedOn = (link: LinkName) => (line: AuditLine) =>
  isAttached(line) && line.transport?.startsWith(`${link}→`) === true;

async function reorderedOf({ sink }: UdpFlow): Promise<number> {
  const summary = await sink.untilJson<{ event: string; reordered: number }>(
    (line) => line.event === 'summary',
    5_000,
  );
  return summary.reordered;
}
