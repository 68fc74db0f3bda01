/**
 * Starts a tunnel thread, from source and inside the compiled binary alike.
 *
 * From source the entry file is found beside this one. In a compiled binary it is a further entry point of the
 * build and is named by its path below the project root; a URL made from `import.meta.url` does not find it there
 * as soon as entry points lie in different folders. A file of that name in the working directory is not looked at.
 * Proven, both ways, by `test/unit/hal/worker.test.ts`.
 *
 * The Worker of the web, not of node:worker_threads, which loads streams for output that nobody reads: two megabytes.
 *
 * @module
 */
/** Each of these is an entry point of `scripts/build.ts`. */
export const WORKER_ENTRIES = ['agent/tunnel.ts', 'hub/tunnel.ts'] as const;
export type WorkerEntry = (typeof WORKER_ENTRIES)[number];

/**
 * @param setup arrives in the thread as {@link setupOf} it, structured-cloned.
 * @param transferList ports inside `setup` that move to the thread instead of being cloned.
 * @param onFailed is told what ended the thread that it did not catch itself.
 */
export function startWorker(
  path: WorkerEntry,
  setup: unknown,
  transferList: readonly MessagePort[],
  onFailed: (message: string) => void,
): void {
  const entry = Bun.isStandaloneExecutable ? `./${path}` : new URL(`../${path}`, import.meta.url);
  // A small heap: what a tunnel thread works on is allocated once.
  const worker = new Worker(entry, { smol: true });
  worker.addEventListener('error', ({ message }) => onFailed(message));
  worker.postMessage(setup, [...transferList]);
}

/** In the thread, once: what {@link startWorker} gave it. */
export function setupOf<Setup>(): Promise<Setup> {
  return new Promise((resolve) => {
    addEventListener('message', ({ data }: MessageEvent) => resolve(data as Setup), { once: true });
  });
}
