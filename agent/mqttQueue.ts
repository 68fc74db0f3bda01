/**
 * Reports that the broker has not acknowledged: bounded in bytes, the newest of a topic replaces the older.
 *
 * At most one report is in flight: with the broker, but not acknowledged. It still counts against the
 * bound. Whatever does not reach the broker is counted in `dropped`, whichever rule dropped it.
 *
 * @module
 */
import { assert } from '../session/assert.ts';

export interface Report {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Left out: yes. */
  readonly isRetained?: boolean;
  /** A broker that could not pass it on within so long forgets it (MQTT 5 §3.3.2.3.3). Left out: never. */
  readonly expiryS?: number;
  /** For rules at the broker, which need not read the payload then (MQTT 5 §3.3.2.3.7). */
  readonly userProperties?: Readonly<Record<string, string>>;
  /** What whoever waits for it knows it by (MQTT 5 §3.3.2.3.6). */
  readonly correlation?: Uint8Array | null;
}

export class MqttQueue {
  /** Replaced by a newer report, crowded out, too large, or refused by the broker. */
  dropped = 0;
  delivered = 0;
  #bytesMax: number;
  #waiting: Report[] = [];
  #inFlight: Report | null = null;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Another bound: what is too much from now on is dropped, the oldest first. What is in flight stays. */
  resize(bytesMax: number): void {
    this.#bytesMax = bytesMax;
    while (this.#bytes > bytesMax && this.#waiting.length > 0) {
      const oldest = this.#waiting[0];
      this.#dropWhere((kept) => kept === oldest);
    }
  }

  /** Payloads and topics kept, the one in flight included. */
  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#waiting.length + (this.#inFlight === null ? 0 : 1);
  }

  get isInFlight(): boolean {
    return this.#inFlight !== null;
  }

  /** Forget what waits for `topic`: for a caller whose newer report is to tell the new count. */
  supersede(topic: string): void {
    this.#dropWhere((kept) => kept.topic === topic);
  }

  /** Keep `report`, at the expense of the one it replaces and then of the oldest. */
  push(report: Report): void {
    this.supersede(report.topic);
    const room = this.#bytesMax - (this.#inFlight === null ? 0 : sizeOf(this.#inFlight));
    if (sizeOf(report) > room) {
      this.dropped += 1;
      return;
    }
    while (this.#bytes + sizeOf(report) > this.#bytesMax) {
      const oldest = this.#waiting[0];
      this.#dropWhere((kept) => kept === oldest);
    }
    this.#waiting.push(report);
    this.#bytes += sizeOf(report);
  }

  /** The oldest report, to be handed to the broker; null while another one is in flight or none is left. */
  take(): Report | null {
    if (this.#inFlight !== null) return null;
    this.#inFlight = this.#waiting.shift() ?? null;
    return this.#inFlight;
  }

  /**
   * What became of the report in flight.
   *
   * @param outcome `unknown`: the connection broke first; it is sent again unless a newer one replaces it.
   */
  settle(outcome: 'delivered' | 'refused' | 'unknown'): void {
    const report = this.#inFlight;
    assert(report !== null, 'a report is in flight');
    this.#inFlight = null;
    const isReplaced = this.#waiting.some((kept) => kept.topic === report.topic);
    if (outcome === 'unknown' && !isReplaced) {
      this.#waiting.unshift(report);
      return;
    }
    this.#bytes -= sizeOf(report);
    if (outcome === 'delivered') this.delivered += 1;
    else this.dropped += 1;
  }

  #dropWhere(isDropped: (kept: Report) => boolean): void {
    const kept = this.#waiting.filter((report) => !isDropped(report));
    const gone = this.#waiting.filter(isDropped);
    for (const report of gone) this.#bytes -= sizeOf(report);
    this.dropped += gone.length;
    this.#waiting = kept;
  }
}

const sizeOf = (report: Report) => report.payload.length + report.topic.length;
