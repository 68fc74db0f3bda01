/**
 * The legitimate device's traffic, all the time: echoes and one TCP transfer through the tunnel.
 *
 * @module
 */
import type { LabProcess } from '../process.ts';
import type { HostileNet } from './net.ts';

/** The hub's own inner address. */
export const INNER_HUB = '10.77.0.1';
const TCP_PORT = 7_001;
const RATE_MBIT = 2;
const PING_EVERY_S = 0.05;
const START_MS = 15_000;
const FINISH_MS = 30_000;

export interface LegitFigures {
  readonly pingsSent: number;
  /** Not answered; the one on its way when the ping was stopped is not counted. */
  readonly pingsLost: number;
  readonly tcpBytes: number;
  readonly isTcpIntact: boolean;
  readonly longestStallMs: number;
}

interface Summary {
  readonly event: string;
  readonly bytes: number;
  readonly intact: boolean;
  readonly longestStallMs: number | null;
}

export class Legit {
  readonly #ping: LabProcess;
  readonly #sink: LabProcess;
  readonly #source: LabProcess;

  private constructor(ping: LabProcess, sink: LabProcess, source: LabProcess) {
    this.#ping = ping;
    this.#sink = sink;
    this.#source = source;
  }

  static async start(net: HostileNet, port = TCP_PORT): Promise<Legit> {
    const flow = (role: 'device' | 'hub', name: string, argv: readonly string[]) =>
      net.spawn(role, [
        process.execPath,
        Bun.fileURLToPath(new URL(`../flows/${name}.ts`, import.meta.url)),
        ...argv,
      ]);
    const sink = flow('hub', 'tcpSink', ['--listen', `${INNER_HUB}:${port}`]);
    await sink.untilJson<Summary>((line) => line.event === 'listening', START_MS);
    const source = flow('device', 'tcpSource', [
      ...['--to', `${INNER_HUB}:${port}`, '--rate-mbit', `${RATE_MBIT}`],
    ]);
    await source.untilJson<Summary>((line) => line.event === 'connected', START_MS);
    const ping = net.spawn('device', ['ping', '-n', '-i', `${PING_EVERY_S}`, INNER_HUB]);
    await ping.until((lines) => lines.some((line) => line.includes('time=')), START_MS);
    return new Legit(ping, sink, source);
  }

  async stop(): Promise<LegitFigures> {
    await this.#ping.stop('SIGINT');
    this.#source.write('stop');
    const tcp = await this.#source.untilJson<Summary>(
      (line) => line.event === 'summary',
      FINISH_MS,
    );
    await this.#sink.stop();
    const last = this.#ping.stdout.find((line) => line.includes('packets transmitted')) ?? '';
    const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(last) ?? [];
    return {
      pingsSent: Number(sent),
      pingsLost: Math.max(0, Number(sent) - Number(received) - 1),
      tcpBytes: tcp.bytes,
      isTcpIntact: tcp.intact,
      longestStallMs: Math.round(tcp.longestStallMs ?? 0),
    };
  }
}
