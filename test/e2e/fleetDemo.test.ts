/**
 * Goal: the demo of a fleet is what it promises: canary, rollout, storm, emergency and its end, a report, and nothing is left behind.
 *
 * Method: as `scripts/demo --fleet` starts it, with the binary of this tree and few devices.
 */
import { afterAll, beforeAll, expect } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { folderForTests } from '../folder.ts';
import { mosquittoObstacle } from '../lab/mosquitto.ts';
import { run } from '../lab/process.ts';
import { testUnless } from '../obstacle.ts';
import { buildBinary } from './binary.ts';

const MAIN = resolve(import.meta.dir, '../lab/demo/fleet/main.ts');
const TEST_MS = 120_000;
const folder = folderForTests('jvpn-fleet-demo-');
const work = join(folder, 'work');
let binary = '';

beforeAll(async () => {
  mkdirSync(work);
  binary = await buildBinary(join(folder, 'built'));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

testUnless(
  mosquittoObstacle,
  'every step happens, and the report tells it from the history alone',
  async () => {
    const [json, report] = [join(folder, 'figures.json'), join(folder, 'report')];
    const argv = ['--binary', binary, '--fleet', '60', '--json', json, '--report', report];
    const { code, stdout, stderr } = await run([process.execPath, MAIN, ...argv], {
      ...{ mayFail: true, env: { TMPDIR: work } },
    });
    expect({ code, stderr, stdout: code === 0 ? '' : stdout }).toEqual({
      ...{ code: 0, stderr: '', stdout: '' },
    });
    expect(stdout).toMatch(/^dashboard: http:\/\/127\.0\.0\.1:\d+$/m);
    expect(stdout).toContain('54 others have not heard of it');
    const figures = JSON.parse(readFileSync(json, 'utf8'));
    expect(figures).toMatchObject({ devices: 60, canaries: 6 });
    expect(figures.storm_devices).toBeGreaterThan(0);
    const text = readFileSync(`${report}.md`, 'utf8');
    const confirmed = /\| 8 \| confirmed \| (\d+) \|/.exec(text)?.[1];
    expect(Number(confirmed)).toBeGreaterThanOrEqual(54);
    expect(stdout).toMatch(/^ {2}jvpn policy push: soak \d s of 5 s: 6 of 6 confirmed$/m);
    expect(stdout).toMatch(/^ {2}jvpn policy push: (not )?done: (5[4-9]|60) confirmed/m);
    expect(text).toMatch(/emergency\\_ended \| \d{10} \| 60 \|/);
    expect(text).not.toContain('wrong');
    expect(readFileSync(`${report}.html`, 'utf8')).toContain('<title>Jumping VPN');
    expect(readdirSync(work)).toEqual([]);
  },
  TEST_MS,
);
