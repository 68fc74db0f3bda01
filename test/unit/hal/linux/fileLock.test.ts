/**
 * Goal: one process at a time has a file, whoever comes second is told who, and one that was killed keeps nobody out.
 *
 * Method: real processes on a real file; the second one is this.
 */
import { afterAll, expect, test } from 'bun:test';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { lockFile } from '../../../../hal/linux/fileLock.ts';
import { folderForTests } from '../../../folder.ts';

const folder = folderForTests('jvpn-lock-');
const MODULE = resolve(import.meta.dir, '../../../../hal/linux/fileLock.ts');
const HOLDER = `
  const { lockFile } = await import(${JSON.stringify(MODULE)});
  const lock = lockFile(process.argv[1], 'process of the test\\n');
  console.log(lock.ok && lock.value.holder === null ? 'held' : 'not held');
  setInterval(() => {}, 1_000);
`;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function holding(path: string) {
  const child = Bun.spawn([process.execPath, '-e', HOLDER, path], { stdout: 'pipe' });
  const { value } = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toBe('held\n');
  return child;
}

function locked(path: string) {
  const lock = lockFile(path, 'ours\n');
  if (!lock.ok) throw new Error(lock.detail);
  return lock.value;
}

test('whoever comes second is told who has it; let go, it is gone and anybody can have it', () => {
  const path = join(folder, 'one');
  const first = locked(path);
  expect(first.holder).toBeNull();
  expect(locked(path).holder).toBe('ours');
  first[Symbol.dispose]();
  expect(existsSync(path)).toBeFalse();
  using again = locked(path);
  expect(again.holder).toBeNull();
});

test('a process that was killed leaves the file and no lock', async () => {
  const path = join(folder, 'killed');
  const child = await holding(path);
  expect(locked(path).holder).toBe('process of the test');
  child.kill('SIGKILL');
  await child.exited;
  expect(existsSync(path)).toBeTrue();
  using lock = locked(path);
  expect(lock.holder).toBeNull();
});

test('a file that nobody has is taken, whatever is in it', () => {
  const path = join(folder, 'left');
  writeFileSync(path, 'process 1 since yesterday\n');
  using lock = locked(path);
  expect(lock.holder).toBeNull();
});

test('a folder that is not there is said', () => {
  const lock = lockFile(join(folder, 'none', 'such'), 'ours');
  expect(lock).toMatchObject({ ok: false, detail: expect.stringContaining('ENOENT') });
});
