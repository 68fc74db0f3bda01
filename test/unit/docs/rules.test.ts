/** Goal: docs/rules-and-tests.md names tests that exist, for all nine rules. */
import { expect, test } from 'bun:test';
import { bare, read, rows } from './pages.ts';

const PAGE = read('docs/rules-and-tests.md');
const table = rows(PAGE).filter(([rule]) => rule !== 'rule');

test('each of the nine rules has rows of its own', () => {
  const counts = PAGE.split('\n## ◆ ')
    .slice(1)
    .map((part) => rows(part).length - 1);
  expect(counts).toHaveLength(9);
  expect(Math.min(...counts)).toBeGreaterThan(1);
});

test('every test that is named is in the file that is named', () => {
  const missing = table.filter(([, cell = '']) => {
    const [file = '', name = ''] = cell.split(' · ');
    const source = read(bare(file)).replaceAll("\\'", "'");
    return !source.includes(name);
  });
  expect(missing).toEqual([]);
  expect(table.length).toBeGreaterThan(50);
});
