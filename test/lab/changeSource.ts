/**
 * A preload that changes the product's source as it is loaded: how a test shows what a defect would do, without a switch
 * for it in the product.
 *
 * `CHANGED_SOURCE` holds the changes as JSON. Each must fit exactly once where its file is loaded, or the process ends:
 * a test of a defect that was never there would prove nothing. The tunnel thread gets the same preload.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { plugin } from 'bun';

export interface SourceChange {
  /** Below the project root. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const ROOT = resolve(import.meta.dir, '../..');

/** What a process needs in its environment to run from source with `changes`. */
export function changedSource(changes: readonly SourceChange[]): Readonly<Record<string, string>> {
  return { BUN_OPTIONS: `--preload=${import.meta.path}`, CHANGED_SOURCE: JSON.stringify(changes) };
}

/** Threads do not inherit the preload of their process. */
const INHERITED: SourceChange = {
  file: 'hal/worker.ts',
  from: 'new Worker(entry, {',
  to: `new Worker(entry, { preload: [${JSON.stringify(import.meta.path)}],`,
};

function install(changes: readonly SourceChange[]): void {
  const files = [...new Set(changes.map(({ file }) => resolve(ROOT, file)))];
  const filter = new RegExp(`^(${files.map(RegExp.escape).join('|')})$`);
  plugin({
    name: 'changed source',
    setup(build) {
      build.onLoad({ filter }, ({ path }) => ({ contents: changed(path, changes), loader: 'ts' }));
    },
  });
}

function changed(path: string, changes: readonly SourceChange[]): string {
  let text = readFileSync(path, 'utf8');
  for (const { file, from, to } of changes) {
    if (resolve(ROOT, file) !== path) continue;
    const parts = text.split(from);
    if (parts.length !== 2) {
      console.error(`${file}: ${JSON.stringify(from)} is there ${parts.length - 1} times`);
      process.exit(97);
    }
    text = parts.join(to);
  }
  return text;
}

const wanted = process.env['CHANGED_SOURCE'];
if (wanted !== undefined) install([...(JSON.parse(wanted) as SourceChange[]), INHERITED]);
