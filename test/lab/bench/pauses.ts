/**
 * Pauses of the garbage collector, from what the runtime logs of itself with `BUN_JSC_logGC=1`. Pure.
 *
 * ```text
 * [GC<0x5d9e3b00118>: START M 27076kb => EdenCollection, … p=1.178047ms (max 5.573042), cycle 1.164902ms END]
 * [GC<0x2accf79c118>: M a=469kb … p=0.940023ms (max 1.746157)...]
 * ```
 *
 * A collection stops its thread once or several times; each stop is one `p=`. The lines of all threads of a process are
 * taken together, so the longest is no less than the longest of the thread that has the packets.
 *
 * @module
 */

/** Makes a daemon of ours write the lines. */
export const LOG_PAUSES = { BUN_JSC_logGC: '1' } as const;

export interface Pauses {
  readonly count: number;
  /** 0 where there was none. */
  readonly maxMs: number;
}

export function pausesIn(lines: readonly string[]): Pauses {
  const stopsMs = lines.flatMap((line) =>
    line.includes('[GC<') ? [...line.matchAll(/ p=([0-9.]+)ms/g)].map(([, ms]) => Number(ms)) : [],
  );
  return { count: stopsMs.length, maxMs: Math.max(0, ...stopsMs) };
}
