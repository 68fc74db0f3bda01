/**
 * Goal: the idle bench measures what it says it measures, writes every figure, and leaves nothing behind.
 *
 * Method: a few seconds of one profile with the binary of this tree, marked as not publishable. Bytes are held against
 * what is computed; the rest is checked for being sane, not for being good: other tests may share the machine.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { folderForTests } from '../folder.ts';
import { isolationObstacle } from '../lab/isolated.ts';
import { mosquittoObstacle } from '../lab/mosquitto.ts';
import { orphans } from '../lab/namespace.ts';
import { run } from '../lab/process.ts';
import { testUnless } from '../obstacle.ts';
import { buildBinary } from './binary.ts';

const MAIN = resolve(import.meta.dir, '../lab/bench/main.ts');
const folder = folderForTests('jvpn-idle-');
const work = join(folder, 'work');
let binary = '';

beforeAll(async () => {
  mkdirSync(work);
  binary = await buildBinary(join(folder, 'built'));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const idle = (...argv: string[]) =>
  run([process.execPath, MAIN, 'idle', ...argv], { mayFail: true, env: { TMPDIR: work } });

testUnless(
  isolationObstacle ?? mosquittoObstacle,
  'a few seconds of one profile: all figures, not publishable, nothing left',
  async () => {
    const json = join(folder, 'idle.json');
    const { code, stdout, stderr } = await idle(
      ...['--binary', binary, '--json', json, '--profile', 'balanced'],
      // The runtime's collections after the start, whose threads take turns thousands of times, are over by then.
      ...['--minutes', '0.1', '--settle-seconds', '20'],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const figures = JSON.parse(readFileSync(json, 'utf8'));
    expect(Object.keys(figures)).toEqual([
      ...['profiles', 'peers', 'minutes', 'settle_seconds', 'cpus_kept_awake'],
      ...['publishable', 'publishable_obstacles'],
      ...['machine', 'goals'],
    ]);
    expect(figures.goals.map(({ name }: { name: string }) => name)).toEqual([
      'balanced.standby_lte_bytes_per_day',
      'balanced.wakeups_per_s',
      'balanced.cpu_percent',
      'balanced.anon_kib',
    ]);
    expect(figures.publishable).toBe(false);
    expect(figures.publishable_obstacles).toEqual([
      'fewer than 10 minutes',
      'less than 45 s after the start',
    ]);
    expect(Object.keys(figures.profiles)).toEqual(['balanced']);
    const { balanced } = figures.profiles;
    expect(Object.keys(balanced)).toEqual([
      ...['standby_lte_bytes_per_day', 'active_lte_bytes_per_day', 'wakeups_per_s'],
      ...['cpu_percent', 'cpu_ms_per_wakeup', 'anon_kib', 'cases'],
    ]);
    expect(Object.keys(balanced.cases)).toEqual(['standby4', 'active4', 'standby6', 'active6']);
    for (const name of ['standby4', 'standby6'] as const) {
      // Six seconds hold a probe at most; the rest of its day is computed, and its Ethernet is alive.
      const { lte_bytes_per_day: day, lte_bytes_per_day_computed: computed } = balanced.cases[name];
      const probe = name === 'standby4' ? 151 : 191;
      expect([name, day >= computed]).toEqual([name, true]);
      expect([name, day <= computed + (probe * 86_400) / 6]).toEqual([name, true]);
      expect(balanced.cases[name].ethernet_bytes_per_day).toBeGreaterThan(100_000);
    }
    expect(balanced.active_lte_bytes_per_day).toBeGreaterThan(100_000);
    expect(balanced.wakeups_per_s).toBeGreaterThan(0.1);
    expect(balanced.wakeups_per_s).toBeLessThan(1_000);
    expect(balanced.cpu_percent).toBeLessThan(200);
    expect(balanced.anon_kib).toBeGreaterThan(4_000);
    expect(balanced.anon_kib).toBeLessThan(200_000);
    expect(stdout).toContain('NOT PUBLISHABLE: fewer than 10 minutes');
    expect(orphans()).toEqual([]);
    expect(readdirSync(work)).toEqual([]);
  },
  120_000,
);

test('wrong arguments: exit 2 and a sentence', async () => {
  for (const argv of [[], ['--binary', '/nowhere/jvpn'], ['--binary', binary, '--profile', 'x']]) {
    const { code, stderr } = await idle(...argv);
    expect([argv, code]).toEqual([argv, 2]);
    expect(stderr).toContain('see scripts/bench --help');
  }
});
