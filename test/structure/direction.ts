/**
 * Who may import whom, and what the pure folders may name. Each rule returns sentences; none means kept.
 *
 * @module
 */
import type { Import, SourceFile, Tree } from './tree.ts';

/** The folders of the product that each folder may import, itself included. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  session: ['session', 'policies'],
  policies: ['policies', 'session'],
  hal: ['hal', 'session', 'policies'],
  agent: ['agent', 'hal', 'session', 'policies'],
  hub: ['hub', 'hal', 'session', 'policies'],
  fleet: ['fleet', 'hal', 'session', 'policies'],
};

/** Pure folders may use these packages; they compute and touch nothing. */
const PURE_PACKAGES = [/^@noble\/(ciphers|curves|hashes)(\/|$)/, /^cbor-x(\/|$)/];

const PURE = ['session', 'policies'];

/**
 * The one binary has one entry, and it lies in `agent/`. It may reach the other commands (`jvpn hub`, `jvpn fleet`)
 * only by `import()`: the device process never loads them, and neither side can lean on the other's internals.
 */
const isCommandLine = (path: string) => path === 'agent/jvpn.ts' || path.startsWith('agent/cli/');

/** Names that reach the outside: clock, timers, randomness, output, environment, waiting. */
const IMPURE = new Set(
  `Date performance setTimeout setInterval setImmediate queueMicrotask console process await Bun
   globalThis fetch crypto WebSocket require eval`.split(/\s+/),
);

/** Randomness hidden behind a pure package or object: refused as a property too. */
const IMPURE_MEMBERS = new Set(
  'random getRandomValues randomUUID randomBytes randomSecretKey randomPrivateKey keygen'.split(
    ' ',
  ),
);

export function importDirection(tree: Tree): string[] {
  return sources(tree).flatMap((file) => {
    const allowed = MAY_IMPORT[folderOf(file.path)]!;
    return file.imports.flatMap((entry) => {
      if (entry.path === null || entry.path === 'package.json') return [];
      const folder = folderOf(entry.path);
      // `../${path}`: the folder is decided by a value, and this reads text.
      if (folder === '.' && entry.dynamic) return [];
      if (allowed.includes(folder) || isLoadedCommand(file, entry, folder)) return [];
      return [`${file.path}:${entry.line} imports ${entry.path}`];
    });
  });
}

/** Product code uses declared runtime packages, never a development one. */
export function packagesUsed(tree: Tree, runtime: readonly string[]): string[] {
  return sources(tree).flatMap((file) =>
    file.imports.flatMap(({ specifier, path, line }) => {
      if (path !== null || /^(node|bun):/.test(specifier)) return [];
      const name = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');
      return runtime.includes(name) ? [] : [`${file.path}:${line} imports ${specifier}`];
    }),
  );
}

export function purity(tree: Tree): string[] {
  return sources(tree)
    .filter((file) => PURE.includes(folderOf(file.path)))
    .flatMap((file) => [...impureImports(file), ...impureNames(file)]);
}

/** Each native library has one door: what is opened twice is freed, typed and bounded twice, differently. */
export function oneLibc(tree: Tree): string[] {
  // The lab has a door of its own: it must not share the code that it tests.
  const doors = ['hal/linux/libc.ts', 'hal/linux/libcrypto.ts', 'test/lab/libc.ts'];
  return tree.files
    .filter((file) => !doors.includes(file.path))
    .flatMap((file) =>
      file.tokens
        .filter(
          (token) =>
            token.kind === 'word' && (token.text === 'dlopen' || token.text === 'linkSymbols'),
        )
        .map((token) => `${file.path}:${token.line} opens a library by itself`),
    );
}

function isLoadedCommand(file: SourceFile, entry: Import, folder: string): boolean {
  return isCommandLine(file.path) && entry.dynamic && (folder === 'hub' || folder === 'fleet');
}

function impureImports(file: SourceFile): string[] {
  return file.imports
    .filter(({ specifier, path, dynamic }) => {
      const known = path !== null || PURE_PACKAGES.some((pattern) => pattern.test(specifier));
      return dynamic || !known;
    })
    .map(({ specifier, line }) => `${file.path}:${line} imports ${specifier}`);
}

function impureNames(file: SourceFile): string[] {
  return file.tokens.flatMap((token, index) => {
    if (token.kind !== 'word') return [];
    const [before, after] = [file.tokens[index - 1]?.text, file.tokens[index + 1]?.text];
    const isMember =
      before === '.' || (after === ':' && ['{', ',', ';', '}', 'readonly'].includes(before ?? ''));
    const impure = IMPURE_MEMBERS.has(token.text) || (!isMember && IMPURE.has(token.text));
    const isMeta = token.text === 'import' && after === '.';
    return impure || isMeta ? [`${file.path}:${token.line} names ${token.text}`] : [];
  });
}

const folderOf = (path: string) => path.split('/')[0]!;

const sources = (tree: Tree) =>
  tree.files.filter(
    (file) => file.path.endsWith('.ts') && MAY_IMPORT[folderOf(file.path)] !== undefined,
  );
