/**
 * Compiles the CLI and its worker threads into one executable.
 *
 * The executable reads no `.env` and no `bunfig.toml` of the directory it is started in. It carries its source maps
 * inside, so that a stack trace names source lines; the same maps are written out beside it.
 *
 * @module
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { BunPlugin } from 'bun';
import { bundlePages } from '../fleet/pages/bundle.ts';
import type { Target } from './target.ts';

export interface Compilation {
  /** Absolute; entries are named below it, here and by `hal/worker.ts`. */
  readonly root: string;
  /** The program first, then its worker threads. */
  readonly entries: readonly string[];
  readonly target: Target;
  readonly outDir: string;
  readonly name: string;
  /** Constants the source declares, as JSON. */
  readonly define: Readonly<Record<string, string>>;
}

/** Many times what a build takes. */
const HALF_MS = 600_000;

/** What the source declares: with no cipher only where a benchmark asks for it (`hal/linux/noCipher.ts`). */
export function constants(define: Readonly<Record<string, string>>): Record<string, string> {
  return { JVPN_BENCH_NO_CIPHER: 'false', ...define };
}

/** The path of the executable. @throws AggregateError with Bun's messages when the source does not build. */
export async function compile(compilation: Compilation): Promise<string> {
  const { root, entries, target, outDir, name, define } = compilation;
  await mkdir(outDir, { recursive: true });
  await sweepHalves(process.cwd());
  // Built aside and moved into place, so that nobody ever runs half a binary.
  const staging = await mkdtemp(join(outDir, '.build-'));
  try {
    const { outputs } = await Bun.build({
      entrypoints: entries.map((entry) => join(root, entry)),
      root,
      compile: {
        target: `bun-${target}`,
        outfile: join(staging, name),
        autoloadDotenv: false,
        autoloadBunfig: false,
        execArgv: ['--smol'], // small heaps: a gateway has little memory, and no packet allocates
      },
      sourcemap: 'external',
      // Functions come out of the executable as bytecode, not from a parser: four megabytes less, and an earlier start.
      bytecode: true,
      format: 'esm',
      // What `import()` reaches, and the runtime's modules it names, is loaded when it is reached: neither hub, nor command
      // line, nor SQLite in an agent.
      splitting: true,
      define: constants(define),
      plugins: [await finishedPages(root)],
    });
    // Chunks have a hash in their names: those of another build would stay.
    await rm(join(outDir, 'maps', name), { recursive: true, force: true });
    for (const map of outputs.filter((output) => output.kind === 'sourcemap')) {
      const text = await map.text();
      await Bun.write(
        join(outDir, 'maps', name, `${mapName(map.path, text, entries)}.js.map`),
        text,
      );
    }
    const executable = join(outDir, name);
    await rename(join(staging, name), executable);
    return executable;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/**
 * Removes what builds that were killed have left in `folder`. Bun writes an executable into the working directory before it moves it;
 * if it wrote elsewhere, source maps would name sources by where this folder lies.
 */
export async function sweepHalves(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.bun-build'));
  for (const path of names.map((name) => join(folder, name))) {
    // Another build may be at it, and may have moved it meanwhile.
    const found = await stat(path).catch(() => null);
    if (found !== null && found.mtimeMs < Date.now() - HALF_MS) await rm(path, { force: true });
  }
}

/**
 * Instead of the module that makes the dashboard's files, one that has them: nothing is made on a gateway. They are made
 * before the build begins, because a build waits for ever for another inside its plugin.
 */
async function finishedPages(root: string): Promise<BunPlugin> {
  const folder = join(root, 'fleet/pages');
  const files = existsSync(folder) ? await bundlePages(folder) : [];
  return {
    name: 'dashboard',
    setup: (build) => {
      build.onLoad({ filter: /\/fleet\/pages\/bundled\.ts$/ }, () => ({
        contents: `export const BUNDLED = ${JSON.stringify(files)};`,
        loader: 'js',
      }));
    },
  };
}

/**
 * Bun names maps after the file alone: agent/tunnel.ts and hub/tunnel.ts would overwrite each other. So that of an entry
 * is named after its path, and that of code that entries share, or reach by `import()`, as Bun has it.
 */
function mapName(path: string, text: string, entries: readonly string[]): string {
  const name = basename(path);
  if (name.startsWith('chunk-')) return name.replace(/\.js\.map$/, '');
  const { sources } = JSON.parse(text) as { sources: readonly string[] };
  const entry = entries.find((each) => sources.some((source) => source.endsWith(each)));
  return (entry ?? name).replaceAll('/', '-').replace(/\.ts$/, '');
}
