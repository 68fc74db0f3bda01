/**
 * A crowd of simulated devices as a process of its own, and what it can be asked.
 *
 * @module
 */
import { resolve } from 'node:path';
import { LabProcess } from '../process.ts';

export interface CrowdOptions {
  readonly url: string;
  readonly fleet: string;
  readonly devices: number;
  /** To the broker; a device has one of its own where there are as many. */
  readonly connections: number;
  readonly intervalMs: number;
  /** Public key whose documents the devices take, base64. */
  readonly signer: string;
}

export interface CrowdCount {
  /** Messages that the broker acknowledged. */
  readonly published: number;
  readonly inFlight: number;
  /** By how much a look at the devices came late at most, since the last count, ms. */
  readonly late: number;
}

interface Line {
  readonly event: string;
}

const PROGRAM = [process.execPath, resolve(import.meta.dir, 'main.ts')] as const;
const ANSWER_MS = 30_000;
/** Ten thousand connections on a machine that does other things. */
const START_MS = 300_000;

export class Crowd implements AsyncDisposable {
  readonly child: LabProcess;
  readonly tookMs: number;

  private constructor(child: LabProcess, tookMs: number) {
    this.child = child;
    this.tookMs = tookMs;
  }

  /** Resolves when all devices have been born. */
  static async start(options: CrowdOptions): Promise<Crowd> {
    const { url, fleet, devices, connections, intervalMs, signer } = options;
    const child = new LabProcess(
      [
        ...PROGRAM,
        ...['--url', url, '--fleet', fleet, '--devices', `${devices}`],
        ...['--connections', `${connections}`, '--interval-ms', `${intervalMs}`],
        ...['--signer', signer],
      ],
      { name: 'crowd' },
    );
    try {
      const ready = await child.untilJson<Line & { tookMs: number }>(
        ({ event }) => event === 'ready',
        START_MS,
      );
      return new Crowd(child, ready.tookMs);
    } catch (error) {
      await child[Symbol.asyncDispose]();
      throw error;
    }
  }

  count(): Promise<CrowdCount> {
    return this.#ask<CrowdCount>('count', 'count');
  }

  /** The device is in `state` and says so; when, by the wall clock of this machine. */
  async turn(name: string, state: 'ATTACHED' | 'DEGRADED'): Promise<number> {
    return (await this.#ask<{ atMs: number }>(`turn ${name} ${state}`, 'turned')).atMs;
  }

  /** A share of the devices lose their links within so many seconds. How many. */
  async storm(percent: number, seconds: number): Promise<number> {
    return (await this.#ask<{ devices: number }>(`storm ${percent} ${seconds}`, 'stormed')).devices;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.child[Symbol.asyncDispose]();
  }

  #ask<Answer extends object>(order: string, event: string): Promise<Answer & Line> {
    const from = this.child.lineCount;
    this.child.write(order);
    return this.child.untilJson<Answer & Line>((line) => line.event === event, ANSWER_MS, from);
  }
}
