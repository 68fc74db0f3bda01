import { expect, test } from 'bun:test';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { outputFile } from '../../lab/outputFile.ts';

test('a place that cannot be written to is told before anything is measured', () => {
  expect(outputFile('--json', undefined)).toBeNull();
  expect(outputFile('--json', 'figures.json')).toBe(resolve('figures.json'));
  const beside = join(tmpdir(), 'figures.json');
  expect(outputFile('--json', beside)).toBe(beside);
  expect(() => outputFile('--svg', '/nowhere/a.svg')).toThrow(
    '--svg /nowhere/a.svg: there is no folder /nowhere that can be written to',
  );
  expect(() => outputFile('--json', tmpdir())).toThrow(
    `--json ${tmpdir()} is a folder, and not a file`,
  );
});
