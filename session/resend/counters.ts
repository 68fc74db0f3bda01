/**
 * What resending has done and what it had to leave, for the status of both ends.
 *
 * @module
 */

export interface ResendCounters {
  /** Sent a second time, and their bytes as they go over the wire. */
  datagrams: number;
  bytes: number;
  /** The peer lacked them, and they were older than they may be, or further back than anybody can tell. */
  tooOld: number;
  /** The peer lacked them, and they were not kept any more: the buffer had no room, or their keys were given up. */
  gone: number;
  /** The peer lacked them, and the new path would have taken too long over them. */
  overPace: number;
  /** Came a second time because the peer had sent them again, and were dropped. */
  duplicates: number;
}

export function newResendCounters(): ResendCounters {
  return { datagrams: 0, bytes: 0, tooOld: 0, gone: 0, overPace: 0, duplicates: 0 };
}

/** Add `counters` to `sum`. */
export function addResends(sum: ResendCounters, counters: Readonly<ResendCounters>): void {
  sum.datagrams += counters.datagrams;
  sum.bytes += counters.bytes;
  sum.tooOld += counters.tooOld;
  sum.gone += counters.gone;
  sum.overPace += counters.overPace;
  sum.duplicates += counters.duplicates;
}
