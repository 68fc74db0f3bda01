/**
 * Starts a tunnel thread, from source and inside the compiled binary alike.
 *
 * From source the entry file is found beside this one. In a compiled binary it is a further entry point of the
 * build and is named by its path below the project root; a URL made from `import.meta.url` does not find it there
 * as soon as entry points lie in different folders. A file of that name in the working directory is not looked at.
 * Proven, both ways, by `test/unit/hal/worker.test.ts`.
 *
 * @module
 */
import { type Transferable, Worker } from 'node:worker_threads';

/** Each of these is an entry point of `scripts/build.ts`. */
export const WORKER_ENTRIES = ['agent/tunnel.ts', 'hub/tunnel.ts'] as const;
export type WorkerEntry = (typeof WORKER_ENTRIES)[number];

/**
 * @param workerData arrives in the thread as `workerData` of `node:worker_threads`, structured-cloned.
 * @param transferList ports inside `workerData` that move to the thread instead of being cloned.
 */
export function startWorker(
  path: WorkerEntry,
  workerData: unknown,
  transferList: readonly Transferable[] = [],
): Worker {
  const entry = Bun.isStandaloneExecutable ? `./${path}` : new URL(`../${path}`, import.meta.url);
  // A small heap: what a tunnel thread works on is allocated once.
  const options = { workerData, transferList: [...transferList], smol: true };
  return new Worker(entry, options);
}
