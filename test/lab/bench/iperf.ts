/**
 * iperf3 as load: TCP flows, and datagrams at a rate.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs';
import type { LabProcess } from '../process.ts';
import type { Cable } from './cable.ts';

/** Of the datagram sockets at each end; more than a thousand small packets in the kernel's accounting. Chosen. */
const SOCKET_BYTES = 1 << 20;
/** The kernel's default limit; a namespace of its own may not show the real one. */
const SOCKET_BYTES_USUAL = 212_992;
const START_MS = 10_000;

export interface TcpLoad {
  readonly flows: number;
  readonly direction: 'up' | 'down';
  readonly seconds: number;
  readonly warmupSeconds: number;
}

export interface TcpOutcome {
  /** Payload that arrived, in megabits per second, without the warm-up. */
  readonly mbps: number;
  /** Warm-up included. */
  readonly bytes: number;
}

export interface UdpOutcome {
  readonly sentPps: number;
  readonly receivedPps: number;
  readonly lossPercent: number;
}

/** The server at the hub's end, listening. */
export async function startIperfServer(cable: Cable): Promise<LabProcess> {
  const server = cable.spawn('hub', ['iperf3', '-s', '--forceflush']);
  await server.until((lines) => lines.some((line) => line.includes('Server listening')), START_MS);
  return server;
}

export async function runTcp(cable: Cable, target: string, load: TcpLoad): Promise<TcpOutcome> {
  const { flows, direction, seconds, warmupSeconds } = load;
  return parseTcp(
    await client(cable, target, seconds + warmupSeconds, [
      ...['-P', String(flows), '-t', String(seconds)],
      ...(warmupSeconds > 0 ? ['-O', String(warmupSeconds)] : []),
      ...(direction === 'down' ? ['-R'] : []),
    ]),
  );
}

/** Up, for a second. `pps` null: as fast as it can. */
export async function runUdp(
  cable: Cable,
  target: string,
  load: { readonly payloadBytes: number; readonly pps: number | null },
): Promise<UdpOutcome> {
  const { payloadBytes, pps } = load;
  const bitrate = pps === null ? 0 : Math.round(pps * payloadBytes * 8);
  return parseUdp(
    await client(cable, target, 1, [
      ...['-u', '-l', String(payloadBytes), '-b', String(bitrate), '-t', '1'],
      // Bursts that wait for a receiver without a CPU are not lost in the tunnel: room for them at both ends.
      ...['-w', String(socketBytes())],
    ]),
  );
}

/** iperf3 refuses to run with less than it asked for. */
function socketBytes(): number {
  const most = ['rmem_max', 'wmem_max'].map((name) => {
    const path = `/proc/sys/net/core/${name}`;
    return existsSync(path) ? Number(readFileSync(path, 'utf8')) : SOCKET_BYTES_USUAL;
  });
  return Math.min(SOCKET_BYTES, ...most);
}

/** Its JSON. Throws with its own words when it could not do what it was told. */
async function client(cable: Cable, target: string, seconds: number, options: readonly string[]) {
  const limit = ['timeout', String(seconds + 20)];
  const argv = [...limit, 'iperf3', '-c', target, '-J', '--connect-timeout', '5000', ...options];
  const { code, stdout, stderr } = await cable.exec('device', argv, { mayFail: true });
  if (code === 0) return stdout;
  throw new Error(`iperf3 ${options.join(' ')}: status ${code} ${errorIn(stdout) ?? stderr}`);
}

interface Report {
  readonly error?: string;
  readonly intervals?: readonly { readonly sum: { readonly bytes: number } }[];
  readonly end?: {
    readonly sum_received?: { readonly bits_per_second: number };
    readonly sum?: {
      readonly seconds: number;
      readonly packets: number;
      readonly lost_packets: number;
    };
  };
}

const errorIn = (stdout: string) =>
  stdout.startsWith('{') ? (JSON.parse(stdout) as Report).error : undefined;

export function parseTcp(json: string): TcpOutcome {
  const { intervals, end } = parse(json);
  const bitsPerSecond = end?.sum_received?.bits_per_second ?? 0;
  const bytes = (intervals ?? []).reduce((total, { sum }) => total + sum.bytes, 0);
  if (!(bitsPerSecond > 0) || !(bytes > 0)) throw new Error('iperf3 moved no bytes');
  return { mbps: bitsPerSecond / 1e6, bytes };
}

export function parseUdp(json: string): UdpOutcome {
  const sum = parse(json).end?.sum;
  if (sum === undefined || !(sum.packets > 0)) throw new Error('iperf3 sent no datagrams');
  const { seconds, packets, lost_packets: lost } = sum;
  return {
    sentPps: packets / seconds,
    receivedPps: (packets - lost) / seconds,
    lossPercent: (100 * lost) / packets,
  };
}

function parse(json: string): Report {
  const report = JSON.parse(json) as Report;
  if (report.error !== undefined) throw new Error(report.error);
  return report;
}
