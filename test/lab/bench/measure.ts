/**
 * Everything that one contender is measured for in one round.
 *
 * @module
 */
import type { Cable, End } from './cable.ts';
import type { Tunnel } from './contender.ts';
import { runTcp, runUdp, startIperfServer, type TcpLoad } from './iperf.ts';
import { highestRate } from './packetRate.ts';
import { type Pauses, pausesIn } from './pauses.ts';
import { type RoundTrips, runPing } from './ping.ts';
import { cpuSeconds, MemoryWatch } from './usage.ts';

/** In each direction, before anything is measured. */
const DAEMON_WARMUP_SECONDS = 3;

export const TCP_FLOWS = {
  tcp1_up: { flows: 1, direction: 'up' },
  tcp1_down: { flows: 1, direction: 'down' },
  tcp4_up: { flows: 4, direction: 'up' },
  tcp4_down: { flows: 4, direction: 'down' },
} as const satisfies Record<string, Pick<TcpLoad, 'flows' | 'direction'>>;
export type TcpFlow = keyof typeof TCP_FLOWS;
export const TCP_NAMES = Object.keys(TCP_FLOWS) as readonly TcpFlow[];

export type PerProcess = Readonly<Partial<Record<End, number>>>;

export interface TcpFigures {
  readonly mbps: number;
  /** Seconds of CPU for 10^9 bytes of payload. */
  readonly cpuPerGb: PerProcess;
}

export interface Round {
  readonly tcp: Readonly<Record<TcpFlow, TcpFigures>>;
  /** Null in a round in which small packets were not measured. */
  readonly udp64Pps: number | null;
  readonly udp200Pps: number | null;
  readonly pingIdle: RoundTrips;
  /** During `tcp1_up`. */
  readonly pingLoaded: RoundTrips;
  readonly peakKib: PerProcess;
  readonly peakAnonKib: PerProcess;
  /** Of the garbage collector, during the four flows; none where the contender does not tell. */
  readonly pauses: Readonly<Partial<Record<End, Pauses>>>;
  readonly mtuBytes: number;
  readonly cipher: string;
  readonly about: string;
}

export interface Lengths {
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** Of the search for the packet rate; null: leave it out. */
  readonly packetSteps: number | null;
}

export async function measure(cable: Cable, tunnel: Tunnel, lengths: Lengths): Promise<Round> {
  using stack = new DisposableStack();
  const watches = perProcess(tunnel, (pid) => stack.use(new MemoryWatch(pid)));
  await using server = await startIperfServer(cable);
  // The first packets pay for addresses and paths that are looked up once.
  await runPing(cable, tunnel.hubInner, 0.1);
  await warmUp(cable, tunnel, lengths);
  const pingIdle = await runPing(cable, tunnel.hubInner, 1);
  const pausesOf = pausesFrom(tunnel);
  const [tcp1Up, pingLoaded] = await Promise.all([
    tcp(cable, tunnel, 'tcp1_up', lengths),
    pingUnderLoad(cable, tunnel, lengths),
  ]);
  const flows = {
    tcp1_up: tcp1Up,
    tcp1_down: await tcp(cable, tunnel, 'tcp1_down', lengths),
    tcp4_up: await tcp(cable, tunnel, 'tcp4_up', lengths),
    tcp4_down: await tcp(cable, tunnel, 'tcp4_down', lengths),
  };
  const pauses = pausesOf();
  const figures = {
    tcp: flows,
    udp64Pps: await packetRate(cable, tunnel, 64, lengths),
    udp200Pps: await packetRate(cable, tunnel, 200, lengths),
  };
  await server.stop();
  return {
    ...figures,
    pauses,
    pingIdle,
    pingLoaded,
    peakKib: mapped(watches, (watch) => watch.peak().peakKib),
    peakAnonKib: mapped(watches, (watch) => watch.peak().peakAnonKib),
    mtuBytes: tunnel.mtuBytes,
    cipher: tunnel.cipher,
    about: tunnel.about,
  };
}

/** A daemon's first seconds under load are not those that its users see: code is compiled, buffers are grown. */
async function warmUp(cable: Cable, tunnel: Tunnel, { warmupSeconds }: Lengths): Promise<void> {
  if (warmupSeconds === 0) return;
  const load = { seconds: DAEMON_WARMUP_SECONDS, warmupSeconds: 0 };
  await runTcp(cable, tunnel.hubInner, { ...TCP_FLOWS.tcp1_up, ...load });
  await runTcp(cable, tunnel.hubInner, { ...TCP_FLOWS.tcp1_down, ...load });
}

async function tcp(
  cable: Cable,
  tunnel: Tunnel,
  flow: TcpFlow,
  { seconds, warmupSeconds }: Lengths,
): Promise<TcpFigures> {
  const before = perProcess(tunnel, cpuSeconds);
  const load = { ...TCP_FLOWS[flow], seconds, warmupSeconds };
  const { mbps, bytes } = await runTcp(cable, tunnel.hubInner, load);
  const after = perProcess(tunnel, cpuSeconds);
  const spent = mapped(after, (seconds, end) => seconds - (before[end] ?? 0));
  return { mbps, cpuPerGb: mapped(spent, (seconds) => seconds / (bytes / 1e9)) };
}

/** Within the flow's measured seconds: begins after the warm-up and ends before it. */
async function pingUnderLoad(cable: Cable, tunnel: Tunnel, { seconds, warmupSeconds }: Lengths) {
  const marginSeconds = 0.3;
  await Bun.sleep((warmupSeconds + marginSeconds) * 1000);
  return runPing(cable, tunnel.hubInner, seconds - 2 * marginSeconds);
}

async function packetRate(
  cable: Cable,
  tunnel: Tunnel,
  payloadBytes: number,
  { packetSteps }: Lengths,
): Promise<number | null> {
  if (packetSteps === null) return null;
  return highestRate((pps) => runUdp(cable, tunnel.hubInner, { payloadBytes, pps }), packetSteps);
}

/** What the collectors log from now on until the function is called. */
function pausesFrom({ processes, logsPauses }: Tunnel): () => Round['pauses'] {
  if (logsPauses !== true) return () => ({});
  const from = mapped(processes, ({ stderr }) => stderr.length);
  return () => mapped(processes, ({ stderr }, end) => pausesIn(stderr.slice(from[end])));
}

function perProcess<T>({ processes }: Tunnel, look: (pid: number) => T): Partial<Record<End, T>> {
  return mapped(processes, ({ pid }) => look(pid));
}

function mapped<T, U>(
  ends: Readonly<Partial<Record<End, T>>>,
  change: (value: T, end: End) => U,
): Partial<Record<End, U>> {
  const found: Partial<Record<End, U>> = {};
  for (const end of ['device', 'hub'] as const) {
    const value = ends[end];
    if (value !== undefined) found[end] = change(value, end);
  }
  return found;
}
