/**
 * What is alive in the JavaScript heaps of a process, from what the runtime logs of itself. Pure.
 *
 * ```text
 * [GC<0x3de67418118>: START M 13107kb => FullCollection, a=0kb …]
 * [GC<0x3de67418118>: M a=0kb …  => 126kb, p=0.253323ms (max 26.370615), cycle 2.697650ms END]
 * ```
 *
 * Only a full collection tells: what a partial one leaves is not all alive. As it stands the runtime makes one in minutes,
 * and garbage that partial ones have passed over looks like a leak until then; so in a soak every collection is a full one.
 * Each thread has a heap of its own, named by its address.
 *
 * @module
 */

/** Makes a daemon of ours write the lines, and collect in full. */
export const LOG_HEAP = { BUN_JSC_logGC: '1', BUN_JSC_useGenerationalGC: '0' } as const;

export interface HeapPoint {
  readonly heap: string;
  readonly atMs: number;
  readonly aliveKib: number;
}

export class LiveHeap {
  readonly points: HeapPoint[] = [];
  readonly #isFull = new Map<string, boolean>();

  /** One line of the process's standard error. */
  take(line: string, atMs: number): void {
    const heap = /^\[GC<(0x[0-9a-f]+)>:/.exec(line)?.[1];
    if (heap === undefined) return;
    const begun = /START .*? => (\w+)Collection/.exec(line)?.[1];
    if (begun !== undefined) this.#isFull.set(heap, begun === 'Full');
    const ended = / => (\d+)kb, p=[^\]]* END\]/.exec(line)?.[1];
    if (ended === undefined || this.#isFull.get(heap) !== true) return;
    this.points.push({ heap, atMs, aliveKib: Number(ended) });
    this.#isFull.delete(heap);
  }
}
