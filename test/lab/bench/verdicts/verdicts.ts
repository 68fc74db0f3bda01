/**
 * Devices on links that lose 5 % of all frames and jitter by 50 ms, for as long as it takes: whether anything that is only
 * bad is taken for dead, and how often a session moves.
 *
 * One device has such a link and no other, one has two of them, in networks of their own at the same time, with the default
 * policy. Data (a ping of ten a second) and quiet take turns, for a device asks in another rhythm in each.
 *
 * @module
 */
import { monotonicMs } from '../../libc.ts';
import { LINKS, type LinkName } from '../../plan.ts';
import { type LabProcess, parseLine } from '../../process.ts';
import { isAttached, Site, untilAudit } from '../../site.ts';
import { type Topology, topology } from '../../topology.ts';
import { policyOf } from '../idle/idle.ts';
import { machineOf } from '../machine.ts';
import { PUBLISHABLE_MINUTES, type VerdictsArguments } from './arguments.ts';
import {
  type SceneFigures,
  type SceneName,
  sceneFiguresOf,
  type VerdictRow,
  type VerdictsFigures,
  verdictsFiguresOf,
  verdictsTable,
} from './figures.ts';

const LOSS_PERCENT = 5;
const JITTER_MS = 50;
/** Each way. As much as the jitter takes off at most. */
const DELAY_MS = 50;
const LINKS_OF: Readonly<Record<SceneName, readonly LinkName[]>> = {
  one_link: ['eth0'],
  two_links: ['eth0', 'wlan0'],
};
const TALK_MS = 20_000;
const QUIET_MS = 10_000;
const SHOW_MS = 60_000;
/** A handshake may need several sends. */
const START_MS = 30_000;
/** Slots that are kept for recovery (docs/protocol.md, "Choosing and bounding"). */
const SLOTS_FOR_RECOVERY = 2;

class Scene implements AsyncDisposable {
  readonly rows: VerdictRow[] = [];
  readonly name: SceneName;
  readonly net: Topology;
  readonly #site: Site;
  readonly #agent: LabProcess;
  #asked = 0;
  #answered = 0;

  private constructor(name: SceneName, net: Topology, site: Site) {
    this.name = name;
    this.net = net;
    this.#site = site;
    this.#agent = site.agent('gw1', {}, { onLine: (line) => this.#take(line) });
  }

  /** Attached, over links that are bad from the start. */
  static async start(name: SceneName, { binary, seed }: VerdictsArguments): Promise<Scene> {
    await using stack = new AsyncDisposableStack();
    const bad = { delayMs: DELAY_MS, jitterMs: JITTER_MS, lossPercent: LOSS_PERCENT };
    const impair = Object.fromEntries(LINKS_OF[name].map((link) => [link, bad]));
    const net = stack.use(await topology({ seed, impair }));
    for (const link of LINKS) {
      if (!LINKS_OF[name].includes(link)) await net.carrier(link, 'down');
    }
    const site = stack.use(new Site(net, { binary }));
    await site.hub();
    await site.device('gw1');
    const scene = new Scene(name, net, site);
    await untilAudit(scene.#agent, 'ATTACHED', isAttached, START_MS);
    stack.move();
    return scene;
  }

  async version(): Promise<string> {
    return (await this.#site.jvpn('hub', ['--version'])).stdout.trim();
  }

  /** Data and quiet by turns. */
  async watch(untilMs: number): Promise<void> {
    while (monotonicMs() < untilMs) {
      const count = Math.ceil(Math.min(TALK_MS, untilMs - monotonicMs()) / 100);
      const argv = ['ping', '-q', '-c', String(count), '-i', '0.1', '-W', '2', '10.79.0.2'];
      const { stdout } = await this.net.exec('device', argv, { mayFail: true });
      const [, asked, answered] = /(\d+) packets transmitted, (\d+) received/.exec(stdout) ?? [];
      this.#asked += Number(asked ?? 0);
      this.#answered += Number(answered ?? 0);
      if (this.#agent.hasEnded) throw new Error(`${this.name}: the agent has ended`);
      await Bun.sleep(Math.max(0, Math.min(QUIET_MS, untilMs - monotonicMs())));
    }
  }

  async figures(): Promise<SceneFigures> {
    const counters = await this.net.counters();
    return sceneFiguresOf({
      rows: this.rows,
      lanes: LINKS_OF[this.name].flatMap((link) => [counters[link].out, counters[link].in]),
      asked: this.#asked,
      answered: this.#answered,
    });
  }

  #take(line: string): void {
    const row = parseLine<VerdictRow>(line);
    if (row?.event !== undefined) this.rows.push(row);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.net[Symbol.asyncDispose]();
    await this.#site[Symbol.asyncDispose]();
  }
}

/** Measure, and say what was found. `onInterrupt` is told how to make it fail at once. */
export async function verdicts(
  given: VerdictsArguments,
  onInterrupt: (end: () => Promise<void>) => void,
  say: (line: string) => void,
): Promise<VerdictsFigures> {
  const startedAt = new Date();
  await using one = await Scene.start('one_link', given);
  await using two = await Scene.start('two_links', given);
  // Of what runs: in an hour there may be another binary under that name, or none.
  const machine = machineOf(await one.version(), startedAt);
  onInterrupt(async () => {
    await Promise.all([one.net, two.net].map((net) => net[Symbol.asyncDispose]()));
  });
  say(`attached; ${given.minutes} minutes of ${LOSS_PERCENT} % loss and ${JITTER_MS} ms jitter`);
  const untilMs = monotonicMs() + given.minutes * 60_000;
  using _beat = every(SHOW_MS, () => {
    say(`${Math.ceil((untilMs - monotonicMs()) / 60_000)} min left`);
  });
  await Promise.all([one.watch(untilMs), two.watch(untilMs)]);
  const figures = verdictsFiguresOf(
    { one_link: await one.figures(), two_links: await two.figures() },
    {
      minutes: given.minutes,
      publishableMinutes: PUBLISHABLE_MINUTES,
      lossPercent: LOSS_PERCENT,
      jitterMs: JITTER_MS,
      switchesInAMinuteMax:
        policyOf('balanced').switching.maxSwitchesPerMinute - SLOTS_FOR_RECOVERY,
      machine,
    },
  );
  for (const line of ['', ...verdictsTable(figures)]) say(line);
  return figures;
}

function every(periodMs: number, act: () => void): Disposable {
  const timer = setInterval(act, periodMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
