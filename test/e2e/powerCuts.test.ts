/**
 * Goal: what the device's memory, its event store and the hub's store acknowledged survives a power cut on a real ext4, whatever the disk
 * did with the writes it was not told to flush.
 *
 * Method: a slice of `scripts/power-cuts`, controls included: without fsync or barriers acknowledged state must get lost.
 */
import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { powerObstacle } from '../lab/power/obstacle.ts';
import { run } from '../lab/process.ts';
import { testUnless } from '../obstacle.ts';

const MAIN = join(import.meta.dir, '../lab/power/main.ts');

const obstacle = await powerObstacle();

testUnless(
  obstacle,
  'acknowledged state survives power cuts on ext4, and the controls lose theirs',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'jvpn-cuts-'));
    const json = join(folder, 'figures.json');
    try {
      const argv = ['--copies', '15', '--saves', '250', '--json', json];
      const { code, stderr } = await run([process.execPath, MAIN, ...argv], { mayFail: true });
      expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
      const figures = JSON.parse(readFileSync(json, 'utf8'));
      expect(figures).toMatchObject({ copies: 105, control_copies: 75, lost: 0 });
      expect(figures.acknowledged).toBeGreaterThan(1_000);
      expect(figures.control_lost).toBeGreaterThan(10);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  180_000,
);

/**
 * Goal: what the exhaustive exploration assumes of a failed fsync (test/unit/hal/linux/flashCalls.test.ts) is what this
 * kernel does, and the store sees through it.
 */
testUnless(
  obstacle,
  'after a failed fsync the cache shows what the medium never got, and the flash store reads past it',
  async () => {
    const script = join(import.meta.dir, '../lab/power/failedSync.ts');
    const inside = ['unshare', '-m', '--propagation', 'private', '--', process.execPath, script];
    expect(JSON.parse((await run(inside)).stdout)).toEqual({
      refused: { ok: false, code: 'storageFailed', detail: 'slot1: EIO' },
      inCache: [1, 3],
      onMedium: [1, 2],
    });
  },
  30_000,
);

test('wrong arguments are refused', async () => {
  for (const argv of [['--copies', '0'], ['--copies', 'x'], ['--saves'], ['--unknown']]) {
    const { code, stderr } = await run([process.execPath, MAIN, ...argv], { mayFail: true });
    expect([code, stderr]).toEqual([2, expect.stringContaining('power-cuts: ')]);
  }
});
