/**
 * What a thread loads as it starts, from outside the project: packages and modules of the runtime.
 *
 * Follows imports that are there at run time; types are none, and what `import()` reaches is loaded when it is
 * reached. A module draws in others: node:crypto takes two megabytes of each thread, with what it draws in.
 *
 * @module
 */
import { dirname, join, normalize } from 'node:path';
import type { Tree } from './tree.ts';

const transpiler = new Bun.Transpiler({ loader: 'ts' });

/** Sorted; a file of the project that is not there is a sentence of its own. */
export function loadedBy(tree: Tree, entry: string): string[] {
  const texts = new Map(tree.files.map(({ path, text }) => [path, text]));
  const seen = new Set<string>();
  const loaded = new Set<string>();
  const follow = (path: string) => {
    if (seen.has(path) || !path.endsWith('.ts')) return;
    seen.add(path);
    const text = texts.get(path);
    if (text === undefined) {
      loaded.add(`${path} is not there`);
      return;
    }
    for (const { path: specifier, kind } of transpiler.scanImports(text)) {
      if (kind === 'dynamic-import') continue;
      if (specifier.startsWith('.')) follow(normalize(join(dirname(path), specifier)));
      else loaded.add(specifier);
    }
  };
  follow(entry);
  return [...loaded].sort();
}
