/**
 * Goal: no release build can send data without a cipher.
 * Method: bundle the two tunnel threads with the constants of `compile`, and look for what only the
 * benchmark's key contains; a benchmark bundle shows that this is found where it is.
 */
import { expect, test } from 'bun:test';
import { resolve } from 'node:path';
import { WORKER_ENTRIES } from '../../../hal/worker.ts';
import { constants } from '../../../scripts/compile.ts';

const ROOT = resolve(import.meta.dir, '../../..');
const MARKER = 'NO CIPHER, BENCH';

async function bundles(define: Record<string, string>): Promise<string[]> {
  const { outputs } = await Bun.build({
    entrypoints: WORKER_ENTRIES.map((entry) => resolve(ROOT, entry)),
    root: ROOT,
    target: 'bun',
    define: constants(define),
  });
  return Promise.all(outputs.map((output) => output.text()));
}

test('a release build holds no key that seals nothing, and a benchmark build does', async () => {
  const release = await bundles({ JVPN_COMMIT: '"x"' });
  const bench = await bundles({ JVPN_COMMIT: '"x"', JVPN_BENCH_NO_CIPHER: 'true' });
  expect(release.length).toBe(WORKER_ENTRIES.length);
  expect(release.map((text) => text.includes('EVP_CipherUpdate'))).toEqual([true, true]);
  expect(release.map((text) => text.includes(MARKER))).toEqual([false, false]);
  expect(release.map((text) => text.includes('JVPN_BENCH_NO_CIPHER'))).toEqual([false, false]);
  expect(bench.map((text) => text.includes(MARKER))).toEqual([true, true]);
});

test('run from source, packets are sealed', async () => {
  const { benchCiphers } = await import('../../../hal/linux/noCipher.ts');
  const { nobleCiphers } = await import('../../../session/channel/noble.ts');
  expect(benchCiphers(nobleCiphers)).toBe(nobleCiphers);
});
