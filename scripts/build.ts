/**
 * Builds jvpn for each kind of gateway and runs what this machine can run: see `scripts/build --help`.
 *
 * @module
 */
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { WORKER_ENTRIES } from '../hal/worker.ts';
import { version } from '../package.json';
import { commitNow } from './commit.ts';
import { compile } from './compile.ts';
import { runnerOf, TARGETS, type Target, THIS_MACHINE } from './target.ts';

const ROOT = resolve(import.meta.dir, '..');
const ENTRIES = ['agent/jvpn.ts', ...WORKER_ENTRIES];

/** `--version` answers in about 15 ms, under emulation in about 300. */
const SMOKE_LIMIT_MS = 30_000;

const { targets, outDir } = parse();
const missing = ENTRIES.filter((entry) => !existsSync(join(ROOT, entry)));
if (missing.length > 0) {
  console.error(`build: missing entry points: ${missing.join(', ')}`);
  process.exit(1);
}
const commit = commitNow(ROOT);
const results: boolean[] = [];
for (const target of targets) results.push(await build(target));
process.exit(results.every(Boolean) ? 0 : 1);

async function build(target: Target): Promise<boolean> {
  const name = `jvpn-${target}`;
  const startedMs = performance.now();
  try {
    const define = { JVPN_COMMIT: JSON.stringify(commit) };
    const binary = await compile({ root: ROOT, entries: ENTRIES, target, outDir, name, define });
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    const megabytes = (statSync(binary).size / 1e6).toFixed(1);
    const smoke = await smokeTest(target, binary);
    console.log(
      `${name.padEnd(22)} ${megabytes.padStart(6)} MB ${seconds.padStart(5)} s  ${smoke.text}`,
    );
    return smoke.ok;
  } catch (error) {
    const causes = error instanceof AggregateError ? error.errors : [error];
    console.error(`FAIL ${name}: ${causes.map(String).join('\n')}`);
    return false;
  }
}

/** The binary, in an empty directory, says its version and this commit. */
async function smokeTest(target: Target, binary: string): Promise<{ ok: boolean; text: string }> {
  const runner = runnerOf(target, THIS_MACHINE);
  if (runner.kind === 'obstacle') return { ok: true, text: `not run: ${runner.why}` };
  const cwd = await mkdtemp(join(tmpdir(), 'jvpn-smoke-'));
  try {
    const run = Bun.spawnSync([...runner.prefix, binary, '--version'], {
      cwd,
      timeout: SMOKE_LIMIT_MS,
    });
    const said = run.stdout.toString().trim();
    const ok = run.exitCode === 0 && said.includes(version) && said.includes(commit);
    if (ok) return { ok, text: `runs ${runner.how}: ${said}` };
    const how = run.signalCode ?? `exit status ${run.exitCode}`;
    return { ok, text: `FAIL ${runner.how}: ${how}: ${said} ${run.stderr.toString().trim()}` };
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

function parse(): { targets: readonly Target[]; outDir: string } {
  try {
    const { values } = parseArgs({
      options: {
        target: { type: 'string', multiple: true },
        out: { type: 'string', default: join(ROOT, 'dist') },
      },
    });
    const named = (values.target ?? []).map((name) => {
      const target = TARGETS.find((known) => known === name);
      if (target === undefined) throw new Error(`no target ${name}; one of ${TARGETS.join(', ')}`);
      return target;
    });
    return { targets: named.length > 0 ? named : TARGETS, outDir: resolve(values.out) };
  } catch (error) {
    console.error(`build: ${(error as Error).message}; see scripts/build --help`);
    process.exit(2);
  }
}
