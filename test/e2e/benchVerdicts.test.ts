/**
 * Goal: links that lose 5 % of all frames and jitter by 50 ms are bad and not dead: no dead verdict on an only link nor on
 * two, no more switches than the policy allows.
 *
 * Method: a slice of `scripts/bench verdicts` with the binary of this tree; the whole of it takes an hour.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { folderForTests } from '../folder.ts';
import { isolationObstacle } from '../lab/isolated.ts';
import { run } from '../lab/process.ts';
import { testUnless } from '../obstacle.ts';
import { buildBinary } from './binary.ts';

const MAIN = resolve(import.meta.dir, '../lab/bench/main.ts');
const folder = folderForTests('jvpn-verdicts-');
const work = join(folder, 'work');
let binary = '';

beforeAll(async () => {
  mkdirSync(work);
  binary = await buildBinary(join(folder, 'built'));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const verdicts = (...argv: string[]) =>
  run([process.execPath, MAIN, 'verdicts', ...argv], { mayFail: true, env: { TMPDIR: work } });

testUnless(
  isolationObstacle,
  'a quarter of a minute of loss and jitter: no dead verdict, no needless switch, nothing left',
  async () => {
    const json = join(folder, 'verdicts.json');
    const argv = ['--binary', binary, '--json', json, '--minutes', '0.25', '--seed', '5'];
    const { code, stdout, stderr } = await verdicts(...argv);
    expect([code, code === 0 ? '' : stdout + stderr]).toEqual([0, '']);
    const figures = JSON.parse(readFileSync(json, 'utf8'));
    expect(figures).toMatchObject({ publishable: false, loss_percent: 5, jitter_ms: 50 });
    for (const scene of [figures.one_link, figures.two_links]) {
      expect(scene).toMatchObject({ dead_verdicts: 0, sessions: 1 });
      expect(scene.frames_lost).toBeGreaterThan(0);
      expect(scene.answers).toBeGreaterThan(0);
    }
    expect(figures.one_link.switches).toBe(0);
    expect(stdout).toContain('reached      one_link.dead_verdicts 0 (goal 0)');
    expect(readdirSync(work)).toEqual([]);
  },
  60_000,
);

test('arguments that it does not know are refused', async () => {
  const { code, stderr } = await verdicts('--binary', binary, '--minutes', '0');
  expect([code, stderr]).toEqual([2, expect.stringContaining('--minutes is 0')]);
});
