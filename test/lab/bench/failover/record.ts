/**
 * What one end of a round's flows saw, with a place for everything made beforehand: nothing is allocated while it is
 * being filled, so no collector can stop the program that fills it.
 *
 * As bytes, little-endian float64 throughout:
 *
 * ```text
 *  0          1           2        3
 *  +----------+-----------+--------+---------------------------+---------------+--------------------+
 *  | arrivals | tcp times | pauses | seq, sentAtMs, atMs each  | atMs each     | fromAtMs, ms each  |
 *  +----------+-----------+--------+---------------------------+---------------+--------------------+
 * ```
 *
 * All times are CLOCK_MONOTONIC.
 *
 * @module
 */
import type { Arrival } from '../../flows/gaps.ts';

/** A minute of each at 1 kHz, and some copies. What comes beyond that is counted in `dropped` and not kept. */
const CAPACITY = 80_000;
const PAUSE_CAPACITY = 4_000;
const COUNTS = 3;
const ARRIVAL_FIELDS = 3;
const PAUSE_FIELDS = 2;

/** A stretch in which the program that recorded did not run. */
export interface Pause {
  readonly fromAtMs: number;
  readonly ms: number;
}

export interface Record {
  readonly arrivals: readonly Arrival[];
  /** When bytes of the TCP transfer were read. */
  readonly tcpAtMs: readonly number[];
  readonly pauses: readonly Pause[];
}

export class Recorder {
  dropped = 0;
  readonly #arrivals = new Float64Array(CAPACITY * ARRIVAL_FIELDS);
  readonly #tcp = new Float64Array(CAPACITY);
  readonly #pauses = new Float64Array(PAUSE_CAPACITY * PAUSE_FIELDS);
  #arrivalCount = 0;
  #tcpCount = 0;
  #pauseCount = 0;

  clear(): void {
    this.dropped = 0;
    this.#arrivalCount = 0;
    this.#tcpCount = 0;
    this.#pauseCount = 0;
  }

  arrival(seq: number, sentAtMs: number, atMs: number): void {
    if (this.#arrivalCount === CAPACITY) {
      this.dropped += 1;
      return;
    }
    const at = this.#arrivalCount * ARRIVAL_FIELDS;
    this.#arrivals[at] = seq;
    this.#arrivals[at + 1] = sentAtMs;
    this.#arrivals[at + 2] = atMs;
    this.#arrivalCount += 1;
  }

  tcp(atMs: number): void {
    if (this.#tcpCount === CAPACITY) {
      this.dropped += 1;
      return;
    }
    this.#tcp[this.#tcpCount] = atMs;
    this.#tcpCount += 1;
  }

  pause(fromAtMs: number, ms: number): void {
    if (this.#pauseCount === PAUSE_CAPACITY) {
      this.dropped += 1;
      return;
    }
    const at = this.#pauseCount * PAUSE_FIELDS;
    this.#pauses[at] = fromAtMs;
    this.#pauses[at + 1] = ms;
    this.#pauseCount += 1;
  }

  /** A copy of what was recorded since {@link clear}. */
  bytes(): Uint8Array {
    const arrivals = this.#arrivals.subarray(0, this.#arrivalCount * ARRIVAL_FIELDS);
    const tcp = this.#tcp.subarray(0, this.#tcpCount);
    const pauses = this.#pauses.subarray(0, this.#pauseCount * PAUSE_FIELDS);
    const all = new Float64Array(COUNTS + arrivals.length + tcp.length + pauses.length);
    all.set([this.#arrivalCount, this.#tcpCount, this.#pauseCount]);
    all.set(arrivals, COUNTS);
    all.set(tcp, COUNTS + arrivals.length);
    all.set(pauses, COUNTS + arrivals.length + tcp.length);
    return new Uint8Array(all.buffer);
  }
}

/** What {@link Recorder.bytes} wrote. Throws when the length is not what the counts say. */
export function readRecord(bytes: Uint8Array): Record {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = (index: number) => view.getFloat64(index * 8, true);
  const [arrivals, tcp, pauses] = [at(0), at(1), at(2)];
  const tcpFrom = COUNTS + arrivals * ARRIVAL_FIELDS;
  const pausesFrom = tcpFrom + tcp;
  const total = pausesFrom + pauses * PAUSE_FIELDS;
  if (total * 8 !== bytes.byteLength) {
    throw new Error(`a record of ${bytes.byteLength} bytes, its counts ask for ${total * 8}`);
  }
  return {
    arrivals: Array.from({ length: arrivals }, (_, index) => {
      const from = COUNTS + index * ARRIVAL_FIELDS;
      return { seq: at(from), sentAtMs: at(from + 1), atMs: at(from + 2) };
    }),
    tcpAtMs: Array.from({ length: tcp }, (_, index) => at(tcpFrom + index)),
    pauses: Array.from({ length: pauses }, (_, index) => {
      const from = pausesFrom + index * PAUSE_FIELDS;
      return { fromAtMs: at(from), ms: at(from + 1) };
    }),
  };
}
