/**
 * Goal: with links that flap as fast as a session can follow, nothing is lost, nothing stays open, and no rule is broken.
 *
 * Method: a slice of `scripts/soak` with the compiled binary. Too short for memory, whose bound is left to longer runs.
 */
import { afterAll, beforeAll, expect } from 'bun:test';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { folderForTests } from '../folder.ts';
import { isolationObstacle } from '../lab/isolated.ts';
import { mosquittoObstacle } from '../lab/mosquitto.ts';
import { run } from '../lab/process.ts';
import { testUnless } from '../obstacle.ts';
import { buildBinary } from './binary.ts';

const MAIN = join(import.meta.dir, '../lab/soak/main.ts');
const folder = folderForTests('jvpn-soak-');
const work = join(folder, 'work');
let binary = '';

beforeAll(async () => {
  mkdirSync(work);
  binary = await buildBinary(join(folder, 'built'));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

testUnless(
  isolationObstacle ?? mosquittoObstacle,
  'three quarters of a minute of flapping: one session, whole logs, no descriptor left open',
  async () => {
    const json = join(folder, 'figures.json');
    const argv = ['--binary', binary, '--seconds', '45', '--json', json];
    const { code, stdout, stderr } = await run([process.execPath, MAIN, ...argv], {
      ...{ mayFail: true, env: { TMPDIR: work } },
    });
    expect([code, code === 0 ? '' : stdout + stderr]).toEqual([0, '']);
    const figures = JSON.parse(readFileSync(json, 'utf8'));
    expect(figures).toMatchObject({ sessions: 1, policy_versions: [1, 2, 3, 4], faults: [] });
    expect(figures.tcp).toMatchObject({ intact: true, connections: 1 });
    expect(figures.played).toMatchObject({ 'broker away': 2, 'hub killed': 2 });
    for (const party of ['device', 'hub']) {
      expect(figures[party].descriptors.growth).toBeLessThanOrEqual(3);
      expect(figures[party].threads.growth).toBeLessThanOrEqual(2);
      expect(figures.logs[party].faults).toEqual([]);
    }
    expect(Object.keys(figures.invariants.by_id)).toEqual([
      'I1',
      'I2',
      'I3',
      'I4',
      'I5',
      'I6',
      'I7',
      'I8',
    ]);
    expect(figures.invariants).toMatchObject({ violated: 0 });
    expect(figures.invariants.checked).toBeGreaterThan(100);
  },
  100_000,
);
