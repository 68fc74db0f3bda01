/**
 * What the demo's broker has received from the device.
 *
 * @module
 */
import { decode } from 'cbor-x';
import { type LabProcess, parseLine } from '../process.ts';

interface BrokerLine {
  readonly event: string;
  readonly topic: string;
  readonly payload: string;
}

/** The part of a health report (agent/health.ts) that is looked at here. */
export interface Health {
  readonly state: string;
  readonly state_version: number;
  readonly session_id: string;
  readonly binding: string | null;
}

export class Mailbox {
  readonly broker: LabProcess;
  readonly #folder: string;

  /** @param topics all that the device publishes lies below this one. */
  constructor(broker: LabProcess, topics: string) {
    this.broker = broker;
    this.#folder = topics;
  }

  async ready(timeoutMs: number): Promise<void> {
    await this.broker.untilJson<BrokerLine>((line) => line.event === 'listening', timeoutMs);
  }

  get messages(): number {
    return this.#received().length;
  }

  /** The newest health report, as any CBOR reader sees it, or null. */
  lastHealth(): Health | null {
    const newest = this.#received().findLast((line) => line.topic === `${this.#folder}/health`);
    if (newest === undefined) return null;
    return plain(decode(Buffer.from(newest.payload, 'base64'))) as Health;
  }

  #received(): readonly BrokerLine[] {
    return this.broker.stdout.flatMap((text) => {
      const line = parseLine<BrokerLine>(text);
      return line?.topic?.startsWith(`${this.#folder}/`) ? [line] : [];
    });
  }
}

/** cbor-x gives integers of 64 bits as bigint, which JSON cannot hold; the report's are all safe. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
