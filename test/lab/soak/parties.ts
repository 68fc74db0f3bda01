/**
 * Everybody who takes part in a soak: the compiled hub and agent, a mosquitto behind the hub, a TCP transfer that never
 * ends and a UDP flow, and the two daemons' processes over all their lives.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { askControl } from '../../../hal/linux/controlClient.ts';
import { monotonicMs } from '../libc.ts';
import { SERVER } from '../plan.ts';
import { eventually, type LabProcess } from '../process.ts';
import { Site } from '../site.ts';
import type { Topology } from '../topology.ts';
import { LiveHeap, LOG_HEAP } from './liveHeap.ts';
import { type Life, sampleOf } from './sample.ts';

const DEVICE = 'gateway';
const TCP = `${SERVER.v4}:7001`;
const UDP = `${SERVER.v4}:7002`;
const MQTT_PORT = 1_883;
const START_MS = 30_000;
const ASK_MS = 5_000;
const MOSQUITTO = Bun.which('mosquitto') ?? Bun.which('mosquitto', { PATH: '/usr/sbin:/sbin' });

export interface TcpOutcome {
  readonly bytes: number;
  readonly intact: boolean;
  readonly connections: number;
  readonly longestStallMs: number | null;
}

export class Parties implements AsyncDisposable {
  readonly site: Site;
  readonly lives: Life[] = [];
  /** Answers to the operator's questions, and questions that were not answered. */
  readonly polls = { answered: 0, unanswered: 0 };
  readonly #net: Topology;
  #hub: LabProcess | null = null;
  #agent: LabProcess | null = null;
  #broker: LabProcess | null = null;
  #tcpSource: LabProcess | null = null;
  #policyVersion = 1;

  constructor(net: Topology, binary: string, auditBytesMax: number) {
    this.#net = net;
    this.site = new Site(net, {
      binary,
      policy: policyText(1),
      auditExtra: `bytes_max = ${auditBytesMax}\nfiles_max = 100\n`,
      agentExtra: `[telemetry]\nenabled = true\nurl = "mqtt://${SERVER.v4}:${MQTT_PORT}"\nfleet = "soak"\ndevice = "${DEVICE}"\n`,
    });
  }

  async start(): Promise<void> {
    // The daemons inherit it: they run where nothing lies but their own files.
    process.chdir(this.site.folder);
    await this.startBroker();
    await this.startHub();
    await this.site.device(DEVICE);
    this.startAgent();
    await this.untilAttached();
    const sink = this.#net.flow('server', 'tcpSink', ['--listen', TCP]);
    await sink.untilJson<{ event: string }>((line) => line.event === 'listening', START_MS);
    const finish = ['--finish-seconds', '60'];
    this.#tcpSource = this.#net.flow('device', 'tcpSource', [
      '--to',
      TCP,
      '--rate-mbit',
      '4',
      ...finish,
    ]);
    await this.#tcpSource.untilJson<{ event: string }>(
      (line) => line.event === 'connected',
      START_MS,
    );
    this.#net.flow('server', 'udpSink', ['--listen', UDP]);
    this.#net.flow('device', 'udpSource', ['--to', UDP, '--rate', '50']);
  }

  async startHub(): Promise<void> {
    const heap = new LiveHeap();
    this.#hub = await this.site.hub(LOG_HEAP, { onLine: (line) => heap.take(line, monotonicMs()) });
    this.lives.push({ party: 'hub', pid: this.#hub.pid, samples: [], alive: heap.points });
  }

  async killHub(): Promise<void> {
    await this.#hub?.stop('SIGKILL');
    await this.startHub();
  }

  startAgent(): void {
    const heap = new LiveHeap();
    const onLine = (line: string) => heap.take(line, monotonicMs());
    this.#agent = this.site.agent(DEVICE, LOG_HEAP, { onLine });
    this.lives.push({ party: 'device', pid: this.#agent.pid, samples: [], alive: heap.points });
  }

  /** A policy is read at start, so a changed one means another process; killed, the session has to be resumed. */
  async changePolicy(): Promise<void> {
    this.#policyVersion += 1;
    writeFileSync(this.site.path('policy.toml'), policyText(this.#policyVersion));
    await this.#agent?.stop('SIGKILL');
    this.startAgent();
  }

  async startBroker(): Promise<void> {
    const file = this.site.path('mosquitto.conf');
    // As root it would drop to a user that cannot read this folder.
    const lines = ['user root', 'persistence false', 'log_dest stderr', 'allow_anonymous true'];
    writeFileSync(file, [...lines, `listener ${MQTT_PORT} ${SERVER.v4}`, ''].join('\n'));
    const broker = this.#net.spawn('server', [MOSQUITTO ?? 'mosquitto', '-c', file], {
      name: 'mosquitto',
    });
    const isRunning = () => broker.stderr.some((line) => / running$/.test(line));
    await eventually('mosquitto to listen', isRunning, START_MS);
    this.#broker = broker;
  }

  async stopBroker(): Promise<void> {
    await this.#broker?.stop('SIGKILL');
  }

  /** What a monitoring operator does: asks both daemons how they are. */
  async poll(): Promise<{ readonly state: string } | null> {
    const ask = async (socket: string, method: string) => {
      const answer = await askControl(this.site.path(`${socket}.sock`), { method }, ASK_MS);
      if (answer.ok) this.polls.answered += 1;
      else this.polls.unanswered += 1;
      return answer.ok ? answer.value : null;
    };
    const [status] = await Promise.all([
      ask(DEVICE, 'status'),
      ask(DEVICE, 'events'),
      ask('hub', 'status'),
      ask('hub', 'sessions'),
    ]);
    return status as { readonly state: string } | null;
  }

  async untilAttached(): Promise<void> {
    const isAttached = async () => (await this.poll())?.state === 'ATTACHED';
    await eventually('the session to be ATTACHED', isAttached, START_MS + 15_000);
  }

  /** Take a sample of both daemons. */
  sample(): void {
    for (const process of [this.#hub, this.#agent]) {
      const life = this.lives.findLast(({ pid }) => pid === process?.pid);
      const sample = life === undefined ? null : sampleOf(life.pid, monotonicMs());
      if (sample !== null) life?.samples.push(sample);
    }
  }

  /** Who has ended although it should run, in words, or null. */
  missing(): string | null {
    const parties = { hub: this.#hub, agent: this.#agent, 'TCP source': this.#tcpSource };
    for (const [name, party] of Object.entries(parties)) {
      if (party?.hasEnded) return `${name} has ended: ${party.stderr.slice(-5).join(' ')}`;
    }
    return null;
  }

  async finishTcp(): Promise<TcpOutcome> {
    const source = this.#tcpSource;
    if (source === null) throw new Error('no transfer was started');
    source.write('stop');
    await source.exited;
    const summary = await source.untilJson<{
      event: string;
      bytes: number;
      intact: boolean;
      longestStallMs: number | null;
      sink: { connections: number } | null;
    }>((line) => line.event === 'summary', ASK_MS);
    const { bytes, intact, longestStallMs, sink } = summary;
    return { bytes, intact, longestStallMs, connections: sink?.connections ?? 0 };
  }

  /** The log of a daemon as it lies on disk, oldest file first. */
  logTexts(writer: 'hub' | 'device'): string[] {
    const name = `${writer === 'hub' ? 'hub' : DEVICE}.jsonl`;
    const numbers = readdirSync(this.site.folder)
      .filter((file) => file.startsWith(`${name}.`))
      .map((file) => Number(file.slice(name.length + 1)))
      .sort((a, b) => b - a);
    const files = [...numbers.map((number) => `${name}.${number}`), name].map((file) =>
      this.site.path(file),
    );
    return files.filter((file) => existsSync(file)).map((file) => readFileSync(file, 'utf8'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site[Symbol.asyncDispose]();
  }
}

/** Defaults, but a session that flaps all the time needs switches for it and must not wait half a minute to go back. */
export function policyText(version: number): string {
  return `version = ${version}
name = "soak"
[switching]
max_switches_per_minute = 60
failback_stable_ms = ${version % 2 === 0 ? 2_000 : 3_000}
[admission]
reattach_per_session_per_minute = 120
`;
}
