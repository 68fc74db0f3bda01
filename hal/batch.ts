/**
 * How much is taken from one descriptor before the others get their turn.
 *
 * Bounded in bytes for bulk and in calls for small packets, so that whatever arrives meanwhile waits
 * for less than a millisecond on a gateway's core (chosen: 256 KiB at 4 Gbit/s are 0.5 ms).
 *
 * @module
 */
export const BATCH_CALLS_MAX = 64;
const BYTES_MAX = 262_144;

export function isBatchOver(calls: number, bytes: number): boolean {
  return calls >= BATCH_CALLS_MAX || bytes >= BYTES_MAX;
}

/** A turn that moved so much is one of many. Chosen: half a super-packet; LTE brings a few datagrams a turn. */
const RUSH_BYTES = 32_768;
/** Chosen: several round trips between two ends that are busy. */
const RUSH_MS = 1;

/** Whether so much is moving that the next packet is microseconds away. */
export class Rush {
  #untilMs = Number.NEGATIVE_INFINITY;

  /** One turn of the poll loop moved `bytes`. */
  note(bytes: number, atMs: number): void {
    if (bytes >= RUSH_BYTES) this.#untilMs = atMs + RUSH_MS;
  }

  isOn(atMs: number): boolean {
    return atMs < this.#untilMs;
  }
}
