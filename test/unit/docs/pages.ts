/**
 * The pages under docs/ and the README as text, and how the tests read tables and headings out of them.
 *
 * @module
 */
import { expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

export const filesUnder = (folder: string, end: string) =>
  [...new Bun.Glob(`**/*${end}`).scanSync(join(ROOT, folder))].map((file) => `${folder}/${file}`);

export const PAGES = ['README.md', ...filesUnder('docs', '.md')].sort();

/** The text between a heading and the next one of its level or above. */
export function section(page: string, heading: string): string {
  const level = heading.indexOf(' ');
  const start = `\n${page}`.indexOf(`\n${heading}\n`);
  expect([heading, start >= 0]).toEqual([heading, true]);
  const rest = page.slice(start + heading.length);
  const end = rest.search(new RegExp(`^#{1,${level}} `, 'm'));
  return end < 0 ? rest : rest.slice(0, end);
}

/** The cells of the rows of all tables in a text, headings included. */
export function rows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .map((line) => line.slice(1, -1).split('|'))
    .map((cells) => cells.map((cell) => cell.trim()));
}

/** A cell without its code marks. */
export const bare = (cell: string | undefined) => (cell ?? '').replaceAll('`', '');

export const headings = (page: string) => matches(page, /^#{1,6} (.+)$/gm);

/** What the first group of `pattern` takes, wherever it fits. */
export const matches = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].map((found) => found[1] ?? '');

/** The fields of a TypeScript interface, as written in its file. */
export function fieldsOf(file: string, name: string): string[] {
  const body = new RegExp(`interface ${name} \\{([\\s\\S]*?)\\n\\}`).exec(read(file))?.[1] ?? '';
  return matches(body, /^ {2}readonly (\w+):/gm);
}
