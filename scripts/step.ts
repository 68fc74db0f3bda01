/**
 * One step of a check: a command with a time limit, the test files it must report on, and its verdict.
 *
 * A step runs in a process group of its own, so that what it started (daemons, namespaces) goes with it when the
 * limit is reached or the run is interrupted.
 *
 * @module
 */
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NOTHING, readReport, type Tally } from './junit.ts';

export interface Step {
  readonly name: string;
  readonly command: readonly string[];
  readonly limitMs: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Present when the command is a test run. */
  readonly report?: { readonly path: string; readonly files: readonly string[] };
  /** Show the output while it runs; otherwise only when the step failed. */
  readonly live?: boolean;
  /** It computes, and steps beside it that wait for an answer go first. */
  readonly yields?: boolean;
}

export interface Outcome {
  readonly step: Step;
  readonly ok: boolean;
  readonly tookMs: number;
  /** Of its process and of all that this has waited for, on all cores together. */
  readonly cpuMs: number;
  readonly tally: Tally;
}

/** A tenth of a core where others want it too, and all of it where nobody does. */
const YIELDING = ['nice', '-n', '10'];

/** Time between asking a group to end and ending it. Chosen: daemons of the lab need about 100 ms. */
const GRACE_MS = 5_000;

const running = new Set<number>();

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    for (const pid of running) signalGroup(pid, 'SIGTERM');
    process.exit(signal === 'SIGINT' ? 130 : 143);
  });
}

/** Run all, at most `width` at a time, each line printed as its step ends. */
export async function runSteps(steps: readonly Step[], width: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = [...steps];
  const lane = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      outcomes.push(await runStep(step));
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return outcomes;
}

export async function runStep(step: Step): Promise<Outcome> {
  if (step.report !== undefined) await makeRoom(step.report.path);
  if (step.live) console.log(`\n── ${step.name}`);
  const startedMs = performance.now();
  const child = Bun.spawn([...(step.yields ? YIELDING : []), ...step.command], {
    stdin: 'ignore',
    stdout: step.live ? 'inherit' : 'pipe',
    stderr: step.live ? 'inherit' : 'pipe',
    env: { ...process.env, ...step.env },
    detached: true,
  });
  running.add(child.pid);
  let overdue = false;
  const limit = setTimeout(() => {
    overdue = true;
    signalGroup(child.pid, 'SIGTERM');
    setTimeout(() => signalGroup(child.pid, 'SIGKILL'), GRACE_MS).unref();
  }, step.limitMs);

  // The output is read beside the wait: what a killed step leaves behind may hold the pipe open.
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const exitCode = await child.exited;
  clearTimeout(limit);
  running.delete(child.pid);
  if (exitCode !== 0) signalGroup(child.pid, 'SIGTERM'); // a crash leaves its daemons behind
  const tookMs = performance.now() - startedMs;
  const cpuMs = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1000;

  const tally = await judge(step, exitCode, overdue);
  const outcome = { step, ok: tally.failed.length === 0, tookMs, cpuMs, tally };
  console.log(line(outcome, overdue));
  if (!outcome.ok && !step.live) {
    const [out, err] = await Promise.race([output, Bun.sleep(GRACE_MS).then(() => ['', ''])]);
    console.log(`${out}${err}`.trimEnd());
  }
  return outcome;
}

/** A command that failed without saying which test failed counts as one failure, under its own name. */
async function judge(step: Step, exitCode: number, overdue: boolean): Promise<Tally> {
  const tally = await readTally(step);
  if (overdue) {
    return { ...tally, failed: [...tally.failed, `${step.name}: over ${step.limitMs / 1000} s`] };
  }
  if (exitCode === 0 || tally.failed.length > 0) return tally;
  return { ...tally, failed: [`${step.name}: exit status ${exitCode}`] };
}

async function readTally(step: Step): Promise<Tally> {
  if (step.report === undefined) return NOTHING;
  const { path, files } = step.report;
  if (existsSync(path)) return readReport(await Bun.file(path).text(), files);
  return { ...NOTHING, failed: files.map((file) => `${file}: left no report`) };
}

function line({ step, ok, tookMs, cpuMs, tally }: Outcome, overdue: boolean): string {
  const verdict = ok ? 'ok  ' : 'FAIL';
  const times = `${inSeconds(tookMs)} ${inSeconds(cpuMs)} CPU`;
  const tests = step.report === undefined ? '' : `  ${tally.passed} passed`;
  return `${verdict}${times}  ${step.name}${tests}${overdue ? '  (stopped at its time limit)' : ''}`;
}

const inSeconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`.padStart(8);

async function makeRoom(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true }); // yesterday's report must not speak for a run that crashed
}

async function text(stream: ReadableStream<Uint8Array> | undefined): Promise<string> {
  return stream === undefined ? '' : await new Response(stream).text();
}

function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has ended by itself.
  }
}
