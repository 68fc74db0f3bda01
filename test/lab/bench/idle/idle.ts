/**
 * All devices of all profiles idle at once, and what the kernel counts of them meanwhile.
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { loadPolicyText } from '../../../../policies/load.ts';
import { PROFILES, type ProfileName } from '../../../../policies/profiles.ts';
import type { Policy } from '../../../../policies/schema.ts';
import { monotonicMs } from '../../libc.ts';
import { sweep } from '../../namespace.ts';
import { eventually, type LabProcess } from '../../process.ts';
import { HUB_ADDRESS, isAttached, Site, untilAudit } from '../../site.ts';
import { pageCosts } from '../coldPages.ts';
import { Absent } from '../contender.ts';
import type { Goal } from '../goal.ts';
import { machineOf } from '../machine.ts';
import type { IdleArguments } from './arguments.ts';
import { Awake } from './awake.ts';
import { type IdleFigures, idleFigures, idleTable } from './figures.ts';
import { idleGoalsOf } from './goals.ts';
import { IdlePeer, KEEPALIVE_S } from './peer.ts';
import { BROKER, CASES, type Case, HUB, isIpv6, LTE, Room } from './room.ts';
import { countsOf } from './sample.ts';
import { type Window, WindowOf } from './window.ts';

const MQTT_PORT = 1_883;
const START_MS = 30_000;
const SAMPLE_MS = 1_000;
const SHOW_MS = 60_000;
const MOSQUITTO = Bun.which('mosquitto') ?? Bun.which('mosquitto', { PATH: '/usr/sbin:/sbin' });

/** One agent of one profile. */
interface Idler {
  readonly profile: ProfileName;
  readonly name: Case;
  readonly agent: LabProcess;
}

export interface Measured {
  readonly profiles: ReadonlyMap<ProfileName, ReadonlyMap<Case, Window>>;
  /** wireguard-go beside them; null where it is not installed. */
  readonly peer: Window | null;
}

export class IdleRun implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #rooms: Room[] = [];
  readonly #idlers: Idler[] = [];
  #peer: IdlePeer | null = null;
  readonly #given: IdleArguments;
  /** What the binary says of itself. */
  version = '';

  constructor(given: IdleArguments) {
    this.#given = given;
  }

  async measure(say: (line: string) => void): Promise<Measured> {
    const { profiles, settleSeconds, minutes } = this.#given;
    for (const profile of profiles) {
      await this.#open(profile);
      say(`${profile}: ${CASES.join(', ')} are attached and report`);
    }
    this.#peer = await startPeer(say);
    if (this.#peer !== null) this.#stack.use(this.#peer);
    await Bun.sleep(settleSeconds * 1_000);
    const peer = this.#peer;
    const peerWindow = peer === null ? null : new WindowOf(peer.look(), monotonicMs());
    const windows = new Map(
      this.#idlers.map((idler) => [idler, new WindowOf(this.#look(idler), monotonicMs())]),
    );
    const endMs = monotonicMs() + minutes * 60_000;
    let showAtMs = monotonicMs() + SHOW_MS;
    while (monotonicMs() < endMs) {
      await Bun.sleep(Math.min(SAMPLE_MS, Math.max(1, endMs - monotonicMs())));
      for (const [idler, window] of windows) window.add(this.#look(idler));
      if (peer !== null) peerWindow?.add(peer.look());
      if (monotonicMs() < showAtMs) continue;
      say(`${Math.ceil((endMs - monotonicMs()) / 60_000)} min left`);
      showAtMs += SHOW_MS;
    }
    const profiled = new Map<ProfileName, Map<Case, Window>>();
    for (const [{ profile, name }, window] of windows) {
      const cases = profiled.get(profile) ?? new Map<Case, Window>();
      profiled.set(profile, cases.set(name, window.end(monotonicMs())));
    }
    return { profiles: profiled, peer: peerWindow?.end(monotonicMs()) ?? null };
  }

  #look({ profile, name, agent }: Idler) {
    try {
      return countsOf(agent.pid, ['eth0', LTE]);
    } catch (error) {
      const said = agent.stderr.slice(-10).join(' ');
      throw new Error(
        `the agent ${name} of ${profile} cannot be watched: ${error}; it said: ${said}`,
      );
    }
  }

  async #open(profile: ProfileName): Promise<void> {
    const room = this.#stack.use(await Room.create());
    this.#rooms.push(room);
    const site = this.#stack.use(
      new Site(room, {
        binary: this.#given.binary,
        policy: PROFILES[profile],
        routes: ['10.79.0.0/24'],
        agentExtra: `[telemetry]\nenabled = true\nurl = "mqtt://${BROKER}:${MQTT_PORT}"\n`,
      }),
    );
    const broker = await startBroker(room, site);
    await site.hub();
    if (this.version === '') {
      this.version = (await site.jvpn('hub', ['--version'])).stdout.trim();
    }
    for (const name of CASES) {
      await site.device(name);
      const file = site.path(`${name}.toml`);
      const toml = readFileSync(file, 'utf8');
      if (isIpv6(name)) writeFileSync(file, toml.replace(HUB_ADDRESS, `[${HUB.v6}]:51820`));
      const agent = site.agent(name);
      await untilAudit(agent, 'attached', isAttached, START_MS);
      this.#idlers.push({ profile, name, agent });
    }
    const hasAll = () => joined(broker) >= CASES.length;
    await eventually(`${profile}: four devices at the broker`, hasAll, START_MS);
  }

  async interrupt(): Promise<void> {
    await Promise.all([...this.#rooms, this.#peer].map((room) => room?.interrupt()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

async function startPeer(say: (line: string) => void): Promise<IdlePeer | null> {
  try {
    const peer = await IdlePeer.start();
    say(`wireguard-go: a keepalive every ${KEEPALIVE_S} s each way`);
    return peer;
  } catch (error) {
    if (!(error instanceof Absent)) throw error;
    say(`wireguard-go: ${error.message}`);
    return null;
  }
}

/** Measure, and say what was found. `onInterrupt` is told how to make it fail at once. */
export async function idle(
  given: IdleArguments,
  onInterrupt: (end: () => Promise<void>) => void,
  say: (line: string) => void,
): Promise<IdleFigures & { readonly goals: readonly Goal[] }> {
  const startedAt = new Date();
  await sweep();
  await using awake = given.isAwake ? new Awake() : null;
  const pages = await pageCosts();
  await using run = new IdleRun(given);
  onInterrupt(() => run.interrupt());
  const measured = await run.measure(say);
  awake?.check();
  const figures = idleFigures(measured, {
    minutes: given.minutes,
    settleSeconds: given.settleSeconds,
    isAwake: given.isAwake,
    machine: { ...machineOf(run.version, startedAt), ...pages },
    policyOf,
  });
  const goals = idleGoalsOf(figures);
  for (const line of ['', ...idleTable(figures, goals)]) say(line);
  const { cold_page_ns: coldNs, warm_page_ns: warmNs } = pages;
  say(
    `this machine, its CPUs ${given.isAwake ? 'kept awake' : 'asleep when nothing runs'}: to touch a page that was left alone for a second takes ${coldNs} ns, again ${warmNs} ns`,
  );
  return { ...figures, goals };
}

export function policyOf(profile: ProfileName): Policy {
  const loaded = loadPolicyText(PROFILES[profile], Bun.TOML.parse);
  if (!loaded.ok) throw new Error(`the profile ${profile} does not load`);
  return loaded.policy;
}

const joined = (broker: LabProcess) =>
  broker.stderr.filter((line) => line.includes('New client connected')).length;

async function startBroker(room: Room, site: Site): Promise<LabProcess> {
  const file = site.path('mosquitto.conf');
  // As root it would drop to a user that cannot read this folder.
  const lines = ['user root', 'persistence false', 'log_dest stderr', 'allow_anonymous true'];
  writeFileSync(file, [...lines, `listener ${MQTT_PORT} ${BROKER}`, ''].join('\n'));
  const broker = room.spawn('hub', [MOSQUITTO ?? 'mosquitto', '-c', file], { name: 'mosquitto' });
  const isRunning = () => broker.stderr.some((line) => / running$/.test(line));
  await eventually('mosquitto to listen', isRunning, START_MS);
  return broker;
}
