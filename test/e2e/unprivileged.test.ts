/**
 * Goal: an ordinary user runs a session with nothing but the binary: no source tree, no root, no writable home.
 *
 * Method: the lab and the compiled binary are copied into an empty folder; uid 65534 makes its own user namespace there
 * and plays one cut (test/lab/shortSession.ts).
 */
import { expect, test } from 'bun:test';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { asNobody, isRootHere } from '../lab/nobody.ts';
import { run } from '../lab/process.ts';
import { rootlessArgv } from '../lab/rootless.ts';
import { testUnless } from '../obstacle.ts';
import { buildBinary } from './binary.ts';

const ROOT = resolve(import.meta.dir, '../..');

async function obstacle(): Promise<string | null> {
  const tried = await run(asNobody(rootlessArgv(['true'])), { mayFail: true });
  return tried.code === 0 ? null : `no user namespaces for uid 65534: ${tried.stderr.trim()}`;
}

testUnless(
  await obstacle(),
  'a session outlives a cut without root, from a copy of the binary',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'jvpn-nobody-'));
    try {
      const binary = await buildBinary(join(folder, 'built'));
      cpSync(join(ROOT, 'test/lab'), join(folder, 'test/lab'), { recursive: true });
      // All that the lab takes from the product.
      cpSync(join(ROOT, 'session/assert.ts'), join(folder, 'session/assert.ts'));
      cpSync(process.execPath, join(folder, 'bun'));
      await run(['chmod', '-R', 'a+rX', folder]);
      const work = join(folder, 'work');
      mkdirSync(work);
      await run(['chmod', '1777', work]);

      const argv = [
        join(folder, 'bun'),
        join(folder, 'test/lab/shortSession.ts'),
        '--binary',
        binary,
      ];
      const inWork = ['env', '-C', work, `HOME=${work}`, `TMPDIR=${work}`, 'JVPN_LAB_INSIDE='];
      const { stdout } = await run(asNobody([...inWork, ...argv]));
      const seen = JSON.parse(stdout) as Record<string, unknown>;
      expect(seen).toMatchObject({
        ...{ sessions: 1, reasonCode: 'carrier_lost', bytes: 2_000_000 },
        ...{ intact: true, connections: 1 },
      });
      expect(seen['transport']).toStartWith('wlan0');
      if (isRootHere) expect(seen['uid']).toBe(65534);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  120_000,
);

test('what is copied is all that the short session needs', async () => {
  const entry = join(ROOT, 'test/lab/shortSession.ts');
  const { metafile } = await Bun.build({ entrypoints: [entry], target: 'bun', metafile: true });
  const taken = Object.keys(metafile?.inputs ?? {}).filter((path) => !path.includes('test/lab/'));
  expect(taken.map((path) => path.replace(/^.*?(?=session\/)/, ''))).toEqual(['session/assert.ts']);
});
