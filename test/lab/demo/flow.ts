/**
 * The numbered UDP flow of the demo in one direction: its source, its sink, and what has arrived so far.
 *
 * @module
 */
import {
  type Arrival,
  type CutFigures,
  cutFigures,
  figuresOf,
  longestHoldUpMs,
  readArrivals,
} from '../flows/gaps.ts';
import type { Role } from '../plan.ts';
import type { LabProcess } from '../process.ts';
import type { Topology } from '../topology.ts';

export const PACKETS_PER_SECOND = 50;
/** A sink tells of its arrivals within 100 ms; a source obeys at once. */
const ANSWER_MS = 5_000;

export interface FlowEnds {
  readonly name: 'uplink' | 'downlink';
  readonly from: Role;
  readonly to: Role;
  /** As the sink listens, and as the source addresses it. */
  readonly listen: string;
  readonly target: string;
}

export interface UdpTotals {
  readonly sent: number;
  readonly lost: number;
  readonly duplicated: number;
}

export class UdpFlow {
  readonly name: FlowEnds['name'];
  readonly source: LabProcess;
  readonly sink: LabProcess;
  readonly #arrivals: Arrival[];

  private constructor(
    name: FlowEnds['name'],
    source: LabProcess,
    sink: LabProcess,
    seen: Arrival[],
  ) {
    this.name = name;
    this.source = source;
    this.sink = sink;
    this.#arrivals = seen;
  }

  static async start(
    net: Topology,
    ends: FlowEnds,
    packetsPerSecond: number = PACKETS_PER_SECOND,
  ): Promise<UdpFlow> {
    const arrivals: Arrival[] = [];
    const sink = net.flow(ends.to, 'udpSink', ['--listen', ends.listen], {
      name: `${ends.name} sink`,
      onLine: (line) => arrivals.push(...readArrivals([line])),
    });
    await sink.untilJson<{ event: string }>((line) => line.event === 'listening', ANSWER_MS);
    const argv = ['--to', ends.target, '--rate', String(packetsPerSecond)];
    const source = net.flow(ends.from, 'udpSource', argv, { name: `${ends.name} source` });
    return new UdpFlow(ends.name, source, sink, arrivals);
  }

  /** When the `count`-th datagram arrived of those that were sent after `sinceMs`; null while it has not. */
  arrivedAtMs(count: number, sinceMs: number): number | null {
    const later = this.#arrivals.filter(({ sentAtMs }) => sentAtMs > sinceMs);
    return later[count - 1]?.atMs ?? null;
  }

  /** What a cut between two moments did to this flow, as far as it is known now. */
  figures(fromAtMs: number, toAtMs: number): CutFigures {
    const figures = cutFigures(this.#arrivals, fromAtMs, toAtMs);
    if (figures === null) throw new Error(`${this.name}: nothing had arrived before the cut`);
    return figures;
  }

  /** What the way held up most between two moments, as far as it is known now. */
  holdUpMs(fromAtMs: number, toAtMs: number): number {
    return longestHoldUpMs(this.#arrivals, fromAtMs, toAtMs);
  }

  /** End it, and what became of all that was sent. */
  async finish(): Promise<UdpTotals> {
    await this.source.stop();
    const { sent } = await this.source.untilJson<{ event: string; sent: number }>(
      (line) => line.event === 'summary',
      ANSWER_MS,
    );
    // What is still under way gets its chance before the sink is told to stop.
    const isIn = () => this.#arrivals.at(-1)?.seq === sent - 1;
    await this.sink.until(isIn, ANSWER_MS).catch(() => {});
    await this.sink.stop();
    const { lost, duplicated } = figuresOf(this.#arrivals, sent);
    return { sent, lost, duplicated };
  }
}
