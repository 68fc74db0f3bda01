/**
 * What it costs on this machine to come back to memory that was left alone.
 *
 * An idle process wakes for a millisecond's work and touches a few hundred pages that nobody has touched for seconds. On
 * hardware that is a miss of caches, some 100 ns each; under a hypervisor that keeps page tables of its own it may be tens of
 * microseconds, which the kernel then counts as the process' CPU time.
 *
 * @module
 */
import { medianOf } from './statistics.ts';

const PAGE_BYTES = 4_096;
const PAGES = 2_000;
const USUAL = { aloneMs: 1_000, rounds: 5 } as const;

export interface PageCosts {
  /** Of the first touch after a second: mean of 2,000 pages, median of five rounds. Pages of 4 KiB, unless the system makes huge ones of all. */
  readonly cold_page_ns: number;
  /** … and of the touch right behind it. */
  readonly warm_page_ns: number;
}

export async function pageCosts({
  aloneMs,
  rounds,
}: {
  readonly aloneMs: number;
  readonly rounds: number;
} = USUAL): Promise<PageCosts> {
  const memory = new Uint8Array(PAGES * PAGE_BYTES).fill(1);
  const places = scattered();
  const cold: number[] = [];
  const warm: number[] = [];
  touch(memory, places);
  for (let round = 0; round < rounds; round++) {
    await Bun.sleep(aloneMs);
    cold.push(touch(memory, places));
    warm.push(touch(memory, places));
  }
  return { cold_page_ns: Math.round(medianOf(cold)), warm_page_ns: Math.round(medianOf(warm)) };
}

/** One byte of each page, in no order that a prefetcher could guess. */
function scattered(): readonly number[] {
  // 1,009 has no divisor in common with the number of pages.
  return Array.from({ length: PAGES }, (_, at) => ((at * 1_009) % PAGES) * PAGE_BYTES + at);
}

/** Nanoseconds a page. */
function touch(memory: Uint8Array, places: readonly number[]): number {
  const beganNs = Bun.nanoseconds();
  let sum = 0;
  for (const place of places) sum += memory[place] ?? 0;
  const tookNs = Bun.nanoseconds() - beganNs;
  if (sum !== places.length) throw new Error('memory is not what was written to it');
  return tookNs / places.length;
}
