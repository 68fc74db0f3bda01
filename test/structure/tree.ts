/**
 * A source tree read into memory, each TypeScript file with its words and its imports. The rules look at this and
 * at nothing else, so that a test can put a broken file in front of them.
 *
 * @module
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { scan, type Token } from './scan.ts';

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** Path from the root for a relative specifier, else `null`. */
  readonly path: string | null;
  /** `import()` and `new URL(…)` reach a file only when they are run. */
  readonly dynamic: boolean;
  readonly line: number;
}

export interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** Of TypeScript; empty for other files. */
  readonly tokens: readonly Token[];
  readonly imports: readonly Import[];
  readonly executable: boolean;
}

export interface Tree {
  readonly root: string;
  readonly files: readonly SourceFile[];
  /** Folders and files at the top, those that hold no source left out. */
  readonly top: readonly string[];
}

/** Not ours, or made by us: never committed. `.tools` holds Bun. */
const NO_SOURCE = new Set(['.git', 'node_modules', '.tools', 'dist']);

/** The half of an executable that a killed build has left (`scripts/compile.ts`) is none, either. */
const isSource = (name: string) => !NO_SOURCE.has(name) && !name.endsWith('.bun-build');

export function readTree(root: string): Tree {
  const files = walk(root, '').map((path) => readSource(root, path));
  const top = readdirSync(root).filter(isSource);
  return { root, files, top };
}

export function readSource(root: string, path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const executable = (statSync(join(root, path)).mode & 0o100) !== 0;
  return { ...parse(path, text), executable };
}

export function parse(path: string, text: string): SourceFile {
  const tokens = path.endsWith('.ts') ? scan(text) : [];
  return { path, text, tokens, imports: importsOf(path, tokens), executable: false };
}

function walk(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (!isSource(entry.name)) return [];
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return walk(root, path);
    return entry.isFile() ? [path] : [];
  });
}

/**
 * `import 'x'`, `import … from 'x'`, `export … from 'x'`, `import('x')`, `require('x')` and `new URL('x', …)`, types
 * included: who depends on a type depends on the folder that owns it.
 */
function importsOf(path: string, tokens: readonly Token[]): Import[] {
  return tokens.flatMap((token, index) => {
    if (token.kind !== 'string') return [];
    const [twoBefore, before] = [tokens[index - 2], tokens[index - 1]];
    const isStatic = isWord(before, 'from') || isWord(before, 'import');
    const called = before?.kind === 'mark' && before.text === '(' && twoBefore?.kind === 'word';
    const isDynamic = called && ['import', 'require', 'URL'].includes(twoBefore.text);
    if (!isStatic && !isDynamic) return [];
    const specifier = token.text;
    const target = specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : null;
    return [{ specifier, path: target, dynamic: isDynamic, line: token.line }];
  });
}

const isWord = (token: Token | undefined, text: string) =>
  token?.kind === 'word' && token.text === text;
