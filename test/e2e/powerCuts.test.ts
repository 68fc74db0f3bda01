/**
 * Goal: what the device's memory and the hub's store acknowledged survives a power cut on a real ext4, whatever the disk
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

testUnless(
  await powerObstacle(),
  'acknowledged state survives power cuts on ext4, and the controls lose theirs',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'jvpn-cuts-'));
    const json = join(folder, 'figures.json');
    try {
      const argv = ['--copies', '15', '--saves', '250', '--json', json];
      const { code, stderr } = await run([process.execPath, MAIN, ...argv], { mayFail: true });
      expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
      const figures = JSON.parse(readFileSync(json, 'utf8'));
      expect(figures).toMatchObject({ copies: 75, control_copies: 60, lost: 0 });
      expect(figures.acknowledged).toBeGreaterThan(1_000);
      expect(figures.control_lost).toBeGreaterThan(10);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  100_000,
);

test('wrong arguments are refused', async () => {
  for (const argv of [['--copies', '0'], ['--copies', 'x'], ['--saves'], ['--unknown']]) {
    const { code, stderr } = await run([process.execPath, MAIN, ...argv], { mayFail: true });
    expect([code, stderr]).toEqual([2, expect.stringContaining('power-cuts: ')]);
  }
});
