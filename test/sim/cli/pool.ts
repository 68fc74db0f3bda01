/**
 * Worker processes that run scenarios: a crash or a hang of one run is its result, not the end of all.
 *
 * Which worker runs what depends on the machine; what a run says depends on its scenario alone.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lost, type Ran, type Task } from './task.ts';

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));
const PRELOAD = fileURLToPath(new URL('../mutants/preload.ts', import.meta.url));
/** Of processor time: many times what the slowest run takes. Within a run, steps are bounded as well. */
const LIMIT_MS = 60_000;
/** A process that does nothing at all is waited for this much longer. */
const IDLE_FACTOR = 20;
const LOOK_MS = 500;
const STDERR_MAX = 2_000;
/** Names the rule that a run which does not end breaks. */
export const TIME_LIMIT = 'time limit';

export interface PoolOptions {
  readonly workers: number;
  /** A bug to plant in every worker. */
  readonly mutant?: string | null;
  readonly limitMs?: number;
  /** What a worker runs; tests put something else here. */
  readonly worker?: string;
}

interface Job {
  readonly task: Task;
  readonly done: (ran: Ran) => void;
  readonly fail: (error: Error) => void;
}

interface Lane {
  readonly child: Bun.Subprocess<'ignore', 'ignore', 'pipe'>;
  readonly stderr: Promise<string>;
  /** It has loaded everything: from here on what goes wrong belongs to a run. */
  isReady: boolean;
  job: Job | null;
  limit: NodeJS.Timeout | null;
  isOverdue: boolean;
}

export class Pool {
  readonly size: number;
  readonly #options: PoolOptions;
  readonly #lanes = new Set<Lane>();
  readonly #waiting: Job[] = [];
  readonly #onExit = () => this.#end();
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.size = options.workers;
    process.on('exit', this.#onExit);
  }

  /** Rejects only where no worker can be started at all. */
  run(task: Task): Promise<Ran> {
    return new Promise((done, fail) => {
      this.#waiting.push({ task, done, fail });
      this.#feed();
    });
  }

  /** What waits is never answered. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
    process.off('exit', this.#onExit);
    this.#end();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #end(): void {
    for (const { child } of this.#lanes) child.kill('SIGKILL');
  }

  #feed(): void {
    while (!this.#isClosed && this.#waiting.length > 0) {
      const idle = [...this.#lanes].find(({ job }) => job === null);
      const lane = idle ?? (this.#lanes.size < this.size ? this.#start() : null);
      if (lane === null) return;
      this.#give(lane, this.#waiting.shift()!);
    }
  }

  #give(lane: Lane, job: Job): void {
    lane.job = job;
    const { pid } = lane.child;
    const limitMs = this.#options.limitMs ?? LIMIT_MS;
    const begunMs = performance.now();
    const usedMs = processorMs(pid);
    lane.limit = setInterval(() => {
      const isSpent = processorMs(pid) - usedMs > limitMs;
      if (!isSpent && performance.now() - begunMs < limitMs * IDLE_FACTOR) return;
      lane.isOverdue = true;
      lane.child.kill('SIGKILL');
    }, LOOK_MS);
    lane.child.send(job.task);
  }

  #start(): Lane {
    const { mutant = null, worker = WORKER } = this.#options;
    const preload = mutant === null ? [] : ['--preload', PRELOAD];
    const child = Bun.spawn([process.execPath, ...preload, worker], {
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
      env: { ...process.env, ...(mutant === null ? {} : { SIM_MUTANT: mutant }) },
      serialization: 'json',
      ipc: (said: Ran | 'ready') => {
        if (said === 'ready') lane.isReady = true;
        else this.#settle(lane, said);
      },
      onExit: () => void this.#onGone(lane),
    });
    const stderr = new Response(child.stderr).text();
    const lane: Lane = {
      child,
      stderr,
      isReady: false,
      job: null,
      limit: null,
      isOverdue: false,
    };
    this.#lanes.add(lane);
    return lane;
  }

  #settle(lane: Lane, ran: Ran): void {
    const { job } = lane;
    if (lane.limit !== null) clearInterval(lane.limit);
    lane.job = null;
    job?.done(ran);
    this.#feed();
  }

  async #onGone(lane: Lane): Promise<void> {
    this.#lanes.delete(lane);
    const { job, child } = lane;
    if (job === null || this.#isClosed) return;
    const limitMs = this.#options.limitMs ?? LIMIT_MS;
    const last = (await lane.stderr).trim().slice(-STDERR_MAX);
    if (!lane.isReady && !lane.isOverdue) {
      if (lane.limit !== null) clearInterval(lane.limit);
      return job.fail(new Error(`a worker does not start: ${last}`));
    }
    const sentence = lane.isOverdue
      ? `no end within ${limitMs / 1000} s of processor time`
      : `the process that ran it ended with ${child.signalCode ?? child.exitCode}: ${last}`;
    const violation = lane.isOverdue
      ? ({ invariant: 'spin', checker: TIME_LIMIT, sentence, atMs: 0 } as const)
      : ({ invariant: 'crash', checker: 'process', sentence, atMs: 0 } as const);
    this.#settle(lane, lost(job.task.seed, violation));
  }
}

/** Clock ticks a second, as Linux counts them for user space (proc_pid_stat(5), sysconf(_SC_CLK_TCK)). */
const TICKS_PER_SECOND = 100;

/** Processor time that a process has used so far; 0 for one that is gone. */
function processorMs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Behind the name, which may hold anything: state is field 3, utime and stime are 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}
