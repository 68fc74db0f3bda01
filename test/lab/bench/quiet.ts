/**
 * Waiting for a machine on which nothing else runs: what built the binary a moment ago counts as well.
 *
 * @module
 */
import { loadavg } from 'node:os';

/** Runnable tasks over the last minute, of the kernel's count. Above this somebody else had the CPUs. */
export const LOAD_MAX = 0.5;
/** From a load of 2 it takes 83 s to get below the bound: the kernel's average falls by half in 42 s. */
const WAIT_MS_MAX = 180_000;
const LOOK_MS = 2_000;

interface Surroundings {
  load(): number;
  sleep(ms: number): Promise<void>;
}

const REAL: Surroundings = { load: () => loadavg()[0] ?? 0, sleep: Bun.sleep };

/**
 * Until the load is low, at most three minutes: the measurement begins all the same, and says in its figures that it was busy.
 *
 * @param isOver asked at each look: somebody has interrupted the run.
 */
export async function untilQuiet(
  say: (line: string) => void,
  isOver: () => boolean,
  { load, sleep }: Surroundings = REAL,
): Promise<void> {
  const first = load();
  if (first <= LOAD_MAX) return;
  say(
    `load ${first.toFixed(2)}: waiting until it is ${LOAD_MAX}, at most ${WAIT_MS_MAX / 1_000} s`,
  );
  for (let waitedMs = 0; waitedMs < WAIT_MS_MAX && !isOver(); waitedMs += LOOK_MS) {
    await sleep(LOOK_MS);
    if (load() <= LOAD_MAX) return;
  }
}
