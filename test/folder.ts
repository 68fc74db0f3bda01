/**
 * A folder for the tests of one file.
 *
 * @module
 */
import { beforeAll } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Its path; it is made before the first test of the file. The file removes it in `afterAll`.
 *
 * Where no test of a file runs, neither does `afterAll`, and what was made on loading stays for ever.
 */
export function folderForTests(prefix: string): string {
  const path = join(tmpdir(), `${prefix}${randomUUID().slice(0, 8)}`);
  beforeAll(() => {
    mkdirSync(path, { mode: 0o700 });
  });
  return path;
}
