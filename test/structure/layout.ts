/**
 * Where files lie, what they are called, how long they get, and what may not be left in them.
 *
 * @module
 */
import type { Tree } from './tree.ts';

const TOP_FOLDERS = 'agent hal policies test scripts session hub fleet docs .ci'.split(' ');
const TOP_FILES =
  'README.md CHANGELOG.md LICENSE package.json bun.lock tsconfig.json bunfig.toml biome.json .gitignore'.split(
    ' ',
  );

/** A name that says nothing about what is inside collects what belongs nowhere. */
const NAMELESS = new Set(['utils', 'util', 'common', 'helpers', 'misc', 'types', 'index']);

const LINES_MAX = 399;

/** Written in halves, or this file would break its own rule. */
const LEFTOVER = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`);

const TEST_HOMES = /^test\/(unit|sim|e2e|browser)\//;

export function topLevel(tree: Tree): string[] {
  return tree.top
    .filter((name) => !TOP_FOLDERS.includes(name) && !TOP_FILES.includes(name))
    .map((name) => `${name} has no place at the top level`);
}

export function names(tree: Tree): string[] {
  return tree.files.flatMap(({ path }) => {
    const bad = path
      .split('/')
      .find((part) => NAMELESS.has(part.replace(/\..*$/, '').toLowerCase()));
    return bad === undefined ? [] : [`${path}: ${bad} names nothing`];
  });
}

export function lengths(tree: Tree): string[] {
  return tree.files.filter(isCode).flatMap(({ path, text }) => {
    const count = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
    return count > LINES_MAX ? [`${path}: ${count} lines, at most ${LINES_MAX}`] : [];
  });
}

export function leftovers(tree: Tree): string[] {
  return tree.files
    .filter((file) => isCode(file) || file.path.endsWith('.md'))
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, index) => {
        const found = LEFTOVER.exec(line)?.[1];
        return found === undefined ? [] : [`${path}:${index + 1} leaves a ${found}`];
      }),
    );
}

/** A file that no step of `scripts/test` picks up would look like a passing test. */
export function testHomes(tree: Tree): string[] {
  return tree.files
    .filter(({ path }) => /[._](test|spec)\.tsx?$/.test(path) && path !== 'test/structure.test.ts')
    .filter(({ path }) => !TEST_HOMES.test(path) || !path.endsWith('.test.ts'))
    .map(({ path }) => `${path} is run by no step`);
}

/** `test.skip` and its kin say nothing about why; `testUnless` does. `only` silences all the others. */
export function silencedTests(tree: Tree): string[] {
  const callers = ['test', 'it', 'describe'];
  const silencers = ['skip', 'only', 'todo', 'skipIf', 'todoIf', 'if', 'failing', 'failingIf'];
  return tree.files
    .filter((file) => file.path.startsWith('test/') && file.path !== 'test/obstacle.ts')
    .flatMap((file) =>
      file.tokens.flatMap((token, index) => {
        const [dot, member] = [file.tokens[index + 1], file.tokens[index + 2]];
        if (token.kind !== 'word' || !callers.includes(token.text)) return [];
        if (dot?.text !== '.' || !silencers.includes(member?.text ?? '')) return [];
        return [`${file.path}:${token.line} calls ${token.text}.${member!.text}: use testUnless`];
      }),
    );
}

/** Where no test of a file runs, `afterAll` does not either. */
export function foldersMadeOnLoading(tree: Tree): string[] {
  return tree.files
    .filter(({ path }) => path.endsWith('.test.ts'))
    .filter(({ text }) => /^(?:export )?(?:const|let) .*\bmkdtemp(?:Sync)?\(/m.test(text))
    .map(({ path }) => `${path} makes a folder when it is loaded: use folderForTests`);
}

const isCode = ({ path }: { path: string }) =>
  path.endsWith('.ts') || path.startsWith('scripts/') || path.startsWith('.ci/');
