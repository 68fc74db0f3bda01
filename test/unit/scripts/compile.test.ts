/** Goal: what killed builds have left goes with the next one, and what another build is at stays. */
import { expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sweepHalves } from '../../../scripts/compile.ts';

test('halves of executables go when they are old, and nothing else does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'jvpn-halves-'));
  try {
    const names = ['.1-0.bun-build', '.2-0.bun-build', 'README.md'];
    for (const name of names) writeFileSync(join(folder, name), '');
    const longAgo = new Date(Date.now() - 3_600_000);
    for (const name of [names[0]!, names[2]!]) utimesSync(join(folder, name), longAgo, longAgo);
    await sweepHalves(folder);
    expect(readdirSync(folder).toSorted()).toEqual(names.slice(1));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
