/**
 * Everybody who takes part in the demo: hub, agent, broker and the flows.
 *
 * ```text
 *  device                                             hub                    server
 *  tcp source ─┐                                                          ┌─ tcp sink
 *  udp source ─┼─ tun ─ jvpn agent ══ one of three links ══ jvpn hub ─────┼─ udp sink
 *  udp sink   ─┘                                                          ├─ udp source
 *                                                                         └─ MQTT broker
 * ```
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { askControl } from '../../../hal/linux/controlClient.ts';
import { SERVER } from '../plan.ts';
import type { LabProcess } from '../process.ts';
import { Site } from '../site.ts';
import type { Topology } from '../topology.ts';
import { AuditFeed } from './feed.ts';
import { UdpFlow } from './flow.ts';
import { Mailbox } from './mailbox.ts';

export const POLICY_FILE = Bun.fileURLToPath(new URL('./policy.toml', import.meta.url));
const BROKER = Bun.fileURLToPath(new URL('./broker.ts', import.meta.url));
const DEVICE = 'gateway';
const FLEET = 'demo';
const TCP = `${SERVER.v4}:7001`;
const UDP_UP = `${SERVER.v4}:7002`;
const UDP_DOWN_PORT = 7003;
const MQTT = `${SERVER.v4}:1883`;
/** Enough to be in the middle of something whenever a link goes, little enough for two busy cores. */
export const TCP_MBIT = 4;
const START_MS = 15_000;
const ASK_MS = 2_000;

export interface AgentStatus {
  readonly inner4: string;
  readonly links: readonly { readonly link: string; readonly missed_in_row: number }[];
}

/** A session as the hub shows it. */
export interface HubSession {
  readonly state_version: number;
  readonly transport_id: number;
  readonly is_carrying: boolean;
}

export interface TcpResult {
  readonly bytes: number;
  readonly intact: boolean;
  /** As the sink counted them. */
  readonly connections: number;
  readonly longestStallMs: number | null;
}

interface FlowLine {
  readonly event: string;
}

export class Parties {
  readonly net: Topology;
  readonly site: Site;
  readonly hubFeed = new AuditFeed();
  readonly agentFeed = new AuditFeed();
  readonly flows: UdpFlow[] = [];
  readonly #processes: LabProcess[] = [];
  /** May have ended. */
  readonly #dismissed = new Set<LabProcess>();
  #mailbox: Mailbox | null = null;
  #agent: LabProcess | null = null;
  #tcpSource: LabProcess | null = null;

  /** @param binary the compiled jvpn, an absolute path. */
  constructor(net: Topology, binary: string) {
    this.net = net;
    this.site = new Site(net, {
      binary,
      policy: readFileSync(POLICY_FILE, 'utf8'),
      agentExtra: `[telemetry]
enabled = true
url = "mqtt://${MQTT}"
fleet = "${FLEET}"
device = "${DEVICE}"
`,
    });
  }

  /** What the binary says it is; throws if it does not run here. */
  async version(): Promise<string> {
    const { code, stdout, stderr } = await this.site.jvpn('device', ['--version']);
    if (code !== 0) throw new Error(`jvpn --version: status ${code} ${stderr.trim()}`.trim());
    return stdout.trim();
  }

  /** Start broker, hub and agent; the agent is on its way then, not yet attached. */
  async start(): Promise<void> {
    // The daemons inherit it: they run where nothing lies but their own files.
    process.chdir(this.site.folder);
    const argv = [process.execPath, BROKER, '--listen', MQTT];
    const broker = this.#add(this.net.spawn('server', argv, { name: 'broker' }));
    this.#mailbox = new Mailbox(broker, `jvpn/v1/${FLEET}/${DEVICE}`);
    await this.#mailbox.ready(START_MS);
    this.hubFeed.follow(this.#add(await this.site.hub()));
    await this.site.device(DEVICE);
    this.#startAgent();
  }

  /** The flows that run until the end; the session must be attached. */
  async startFlows(): Promise<void> {
    const inner4 = (await this.agentStatus()).inner4.replace(/\/.*$/, '');
    await this.#startUdp('uplink', UDP_UP, UDP_UP);
    // This sink listens on every address: the inner one goes with the tun when the agent is killed.
    await this.#startUdp('downlink', `0.0.0.0:${UDP_DOWN_PORT}`, `${inner4}:${UDP_DOWN_PORT}`);
    const sink = this.#add(this.net.flow('server', 'tcpSink', ['--listen', TCP]));
    await sink.untilJson<FlowLine>((line) => line.event === 'listening', START_MS);
    const argv = ['--to', TCP, '--rate-mbit', String(TCP_MBIT)];
    this.#tcpSource = this.#add(this.net.flow('device', 'tcpSource', argv));
    await this.#tcpSource.untilJson<FlowLine>((line) => line.event === 'connected', START_MS);
  }

  get mailbox(): Mailbox {
    return started(this.#mailbox);
  }

  /** As by a power cut: no signal that could be handled, and at once the next process. */
  async killAgent(): Promise<void> {
    const agent = started(this.#agent);
    this.#dismissed.add(agent);
    await agent.stop('SIGKILL');
    this.#startAgent();
  }

  agentStatus(): Promise<AgentStatus> {
    return this.#ask(DEVICE, 'status');
  }

  /** The sessions that the hub has on record; there is one device, so there is one. */
  hubSessions(): Promise<readonly HubSession[]> {
    return this.#ask('hub', 'sessions');
  }

  /** End the transfer: its hash, compared with that of what was sent. */
  async finishTcp(): Promise<TcpResult> {
    const source = started(this.#tcpSource);
    for (const party of this.#processes) this.#dismissed.add(party);
    source.write('stop');
    await source.exited;
    const summary = await source.untilJson<
      FlowLine & TcpResult & { sink: { connections: number } | null }
    >((line) => line.event === 'summary', ASK_MS);
    const { bytes, intact, longestStallMs, sink } = summary;
    return { bytes, intact, longestStallMs, connections: sink?.connections ?? 0 };
  }

  /** The audit logs on disk: what `jvpn audit` reads. */
  auditText(writer: 'hub' | 'device'): string {
    return readFileSync(this.site.path(writer === 'hub' ? 'hub.jsonl' : `${DEVICE}.jsonl`), 'utf8');
  }

  /** A party that is over although it should run, in words, or null. */
  missing(): string | null {
    const gone = this.#processes.find((party) => party.hasEnded && !this.#dismissed.has(party));
    return gone === undefined ? null : `${gone.name} has ended: ${gone.stderr.slice(-3).join(' ')}`;
  }

  /** Write what everybody printed beside the daemons' files, for somebody who wants to know what went wrong. */
  writeLogs(): void {
    for (const [index, { name, stdout, stderr }] of this.#processes.entries()) {
      const file = this.site.path(`${index}-${name.replaceAll(/[^\w]+/g, '-')}.log`);
      writeFileSync(file, [...stdout, ...stderr, ''].join('\n'));
    }
  }

  #startAgent(): void {
    this.#agent = this.#add(this.site.agent(DEVICE));
    this.agentFeed.follow(this.#agent);
  }

  async #startUdp(name: UdpFlow['name'], listen: string, target: string): Promise<void> {
    const [from, to] =
      name === 'uplink' ? (['device', 'server'] as const) : (['server', 'device'] as const);
    const flow = await UdpFlow.start(this.net, { name, from, to, listen, target });
    this.flows.push(flow);
    this.#add(flow.sink);
    this.#add(flow.source);
  }

  async #ask<T>(socket: string, method: string): Promise<T> {
    const answer = await askControl(this.site.path(`${socket}.sock`), { method }, ASK_MS);
    if (!answer.ok) throw new Error(answer.message);
    return answer.value as T;
  }

  #add(party: LabProcess): LabProcess {
    this.#processes.push(party);
    return party;
  }
}

function started<T>(party: T | null): T {
  if (party === null) throw new Error('not started yet');
  return party;
}
