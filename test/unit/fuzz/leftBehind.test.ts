/** Goal: however the inputs are run, nothing of it is left in the temporary directory. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const MAIN = resolve(import.meta.dir, '../../fuzz/main.ts');
const REPLAY = resolve(import.meta.dir, 'replay.test.ts');

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jvpn-left-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

for (const [what, argv] of [
  ['the test', ['test', REPLAY, '-t', 'socket']],
  ['the command', [MAIN, '--target', 'socket', '--runs', '20']],
] as const) {
  test(`${what} leaves nothing`, async () => {
    const env = { ...process.env, TMPDIR: folder };
    const child = Bun.spawn([process.execPath, ...argv], {
      ...{ env, stdout: 'ignore', stderr: 'ignore' },
    });
    expect([await child.exited, readdirSync(folder)]).toEqual([0, []]);
  }, 20_000);
}
