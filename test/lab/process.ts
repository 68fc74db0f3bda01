/**
 * Child processes of the lab: output captured line by line, conditions awaited, ended by pid.
 *
 * Every child is started through `setpriv --pdeathsig KILL`, so that none outlives a killed test run. That wrapper and
 * `ip netns exec` replace themselves: `pid` is the pid of the command itself.
 *
 * @module
 */
import { monotonicMs } from './libc.ts';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SpawnOptions {
  /** Shown in error messages; the program's name if absent. */
  readonly name?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Called for each line as it arrives, after it was stored. */
  readonly onLine?: (line: string, from: 'stdout' | 'stderr') => void;
}

/** Lines kept of each stream; older ones are dropped, so that a long run stays small. */
const LINES_MAX = 20_000;
/** How long a child may take to obey SIGTERM before SIGKILL. Chosen. */
const STOP_MS = 3000;

/** Run to the end. Throws with both outputs on a non-zero status unless `mayFail`. */
export async function run(
  argv: readonly string[],
  options: { stdin?: string; mayFail?: boolean; env?: Readonly<Record<string, string>> } = {},
): Promise<Outcome> {
  const child = Bun.spawn([...argv], {
    stdin: options.stdin === undefined ? 'ignore' : Buffer.from(options.stdin),
    stdout: 'pipe',
    stderr: 'pipe',
    env: { ...process.env, ...options.env },
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0 && options.mayFail !== true) {
    throw new Error(`${argv.join(' ')}: status ${code}\n${stdout}${stderr}${options.stdin ?? ''}`);
  }
  return { code, stdout, stderr };
}

export class LabProcess implements AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** What it printed, oldest first, without newlines. */
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  /** Resolves to the exit status (128 + signal if killed) once its output has been read to the end. */
  readonly exited: Promise<number>;
  readonly #child: Bun.Subprocess<'pipe', 'pipe', 'pipe'>;
  readonly #onLine: SpawnOptions['onLine'];
  #waiters: (() => void)[] = [];
  #ended = false;
  #dropped = 0;

  constructor(argv: readonly string[], options: SpawnOptions = {}) {
    this.name = options.name ?? argv[0] ?? '?';
    this.#onLine = options.onLine;
    this.#child = Bun.spawn(['setpriv', '--pdeathsig', 'KILL', '--', ...argv], {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    this.pid = this.#child.pid;
    this.exited = Promise.all([
      this.#collect(this.#child.stdout, 'stdout'),
      this.#collect(this.#child.stderr, 'stderr'),
      this.#child.exited,
    ]).then(([, , code]) => {
      this.#ended = true;
      this.#wake();
      return code;
    });
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Send one line to its standard input. */
  write(line: string): void {
    this.#child.stdin.write(`${line}\n`);
    this.#child.stdin.flush();
  }

  /**
   * Wait until `find` returns something other than undefined or false, and return that. It sees the lines of standard
   * output so far, and is asked again after each new one.
   *
   * Throws after `timeoutMs`, or as soon as the process has ended without it, with the last lines it printed.
   */
  async until<T>(
    find: (stdout: readonly string[]) => T | undefined | false,
    timeoutMs: number,
  ): Promise<T> {
    const deadlineMs = monotonicMs() + timeoutMs;
    for (;;) {
      const found = find(this.stdout);
      if (found !== undefined && found !== false) return found;
      if (this.#ended) throw new Error(`${this.name} ended while waited for\n${this.#tail()}`);
      const leftMs = deadlineMs - monotonicMs();
      if (leftMs <= 0) throw new Error(`${this.name}: not within ${timeoutMs} ms\n${this.#tail()}`);
      await this.#change(leftMs);
    }
  }

  /** How many lines it has printed on standard output: where `untilJson` is to start for what comes next. */
  get lineCount(): number {
    return this.#dropped + this.stdout.length;
  }

  /**
   * The first line of standard output, from line number `fromLine` on, that `wanted` accepts, parsed as JSON. Lines
   * that are not JSON objects are passed over.
   */
  async untilJson<T extends object>(
    wanted: (line: T) => boolean,
    timeoutMs: number,
    fromLine = 0,
  ): Promise<T> {
    let next = fromLine;
    return this.until((lines) => {
      for (; next < this.lineCount; next += 1) {
        const parsed = parseLine<T>(lines[next - this.#dropped] ?? '');
        if (parsed !== undefined && wanted(parsed)) return parsed;
      }
      return undefined;
    }, timeoutMs);
  }

  /** Send a signal to this one process. */
  signal(name: NodeJS.Signals): void {
    if (!this.#ended) this.#child.kill(name);
  }

  /** End it: SIGTERM (or `signal`), SIGKILL if it does not obey in time; returns its status. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    this.signal(signal);
    const patience = setTimeout(() => this.signal('SIGKILL'), STOP_MS);
    const code = await this.exited;
    clearTimeout(patience);
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #collect(stream: ReadableStream<Uint8Array>, from: 'stdout' | 'stderr'): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of stream) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#store(line, from);
    }
    if (rest !== '') this.#store(rest, from);
  }

  #store(line: string, from: 'stdout' | 'stderr'): void {
    const kept = this[from];
    kept.push(line);
    if (kept.length > LINES_MAX) {
      kept.splice(0, LINES_MAX / 2);
      if (from === 'stdout') this.#dropped += LINES_MAX / 2;
    }
    this.#onLine?.(line, from);
    this.#wake();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#waiters.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #tail(): string {
    return [...this.stdout.slice(-10), ...this.stderr.slice(-20)].join('\n');
  }
}

/** A JSON object, or undefined for anything else. */
export function parseLine<T extends object>(line: string): T | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as T;
  } catch {
    return undefined;
  }
}

/** Wait until `holds` is true, asking about every 10 ms. For conditions that no line of output announces. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  const deadlineMs = monotonicMs() + timeoutMs;
  while (!(await holds())) {
    if (monotonicMs() > deadlineMs) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await Bun.sleep(10);
  }
}
