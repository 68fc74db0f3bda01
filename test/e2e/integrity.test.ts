/**
 * Goal: what goes into the tunnel comes out of it over a link that loses and reorders datagrams, and the bench that shows
 * it cannot pass where nothing was lost.
 *
 * Method: a small slice of the bench, with the binary of this tree.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { folderForTests } from '../folder.ts';
import type { IntegrityFigures } from '../lab/bench/integrity/integrity.ts';
import { isolationObstacle } from '../lab/isolated.ts';
import { labNamespaces } from '../lab/namespace.ts';
import { run } from '../lab/process.ts';
import { testUnless } from '../obstacle.ts';
import { buildBinary } from './binary.ts';

const MAIN = resolve(import.meta.dir, '../lab/bench/main.ts');
const GIGABYTES = 0.04;
const folder = folderForTests('jvpn-integrity-');
const work = join(folder, 'work');

let binary = '';

beforeAll(async () => {
  mkdirSync(work);
  binary = await buildBinary(join(folder, 'built'));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function integrity(...argv: string[]) {
  const json = join(folder, 'out.json');
  const outcome = await run(
    [process.execPath, MAIN, 'integrity', '--binary', binary, '--json', json, ...argv],
    { mayFail: true, env: { TMPDIR: work } },
  );
  const figures = JSON.parse(readFileSync(json, 'utf8')) as IntegrityFigures;
  rmSync(json);
  return { ...outcome, figures };
}

testUnless(
  isolationObstacle,
  'IPv4, IPv6 and a mix of flows: equal hashes over a link that loses one datagram in a hundred',
  async () => {
    const before = labNamespaces();
    const { code, stdout, stderr, figures } = await integrity('--gigabytes', String(GIGABYTES));
    expect({ code, stdout, stderr }).toMatchObject({ code: 0, stderr: '' });
    expect(figures).toMatchObject({
      ...{ gigabytes: GIGABYTES, loss_percent: 1, reorder_percent: 2, seed: 1, intact: true },
    });
    expect(Object.keys(figures.parts)).toEqual(['tcp4', 'tcp6', 'mix']);
    for (const part of Object.values(figures.parts)) {
      expect(part).toMatchObject({
        ...{ bytes: GIGABYTES * 1e9, connections: 8, intact: true, complaints: [] },
        session: { equal: true, before: part.session.after },
      });
      expect(part.session.after).toMatch(/^[0-9a-f]{32}$/);
      expect(part.mbps).toBeCloseTo((part.bytes * 8) / part.seconds / 1e6, -1);
      expect(part.dropped).toBeGreaterThan(part.datagrams / 200);
      expect(part.reordered).toBeGreaterThan(part.datagrams / 500);
      for (const { entered, dropped, reordered } of Object.values(part.directions)) {
        // Half of the bytes each way, in datagrams of 1500 bytes at most.
        expect(entered).toBeGreaterThan(part.bytes / 2 / 1500);
        expect(Math.min(dropped, reordered)).toBeGreaterThan(0);
      }
    }
    const { tcp4, tcp6, mix } = figures.parts;
    expect([tcp4?.udp, tcp6?.udp]).toEqual([null, null]);
    expect(mix?.udp).toMatchObject({ damaged: 0, duplicated: 0 });
    expect(mix?.udp?.received).toBeGreaterThan(100);
    expect(mix?.udp?.received).toBeLessThan(mix?.udp?.sent ?? 0);
    expect(labNamespaces().filter((name) => !before.includes(name))).toEqual([]);
    expect(readdirSync(work)).toEqual([]);
  },
  60_000,
);

testUnless(
  isolationObstacle,
  'without loss it says so: a failure, unless that was asked for',
  async () => {
    const slice = ['--gigabytes', '0.02', '--only', 'tcp4'];
    const lossless = await integrity(...slice, '--loss-percent', '0');
    expect(lossless.code).toBe(1);
    expect(lossless.stdout).toContain('NOT INTACT: nothing was injected');
    expect(lossless.figures.parts.tcp4).toMatchObject({ dropped: 0, reordered: 0, intact: false });
    const clean = await integrity(...slice, '--clean');
    expect(clean.code).toBe(0);
    expect(clean.stdout).toContain('nothing is injected');
  },
  60_000,
);

test('wrong arguments: exit 2 and a sentence', async () => {
  for (const argv of [
    ['--only', 'sctp'],
    ['--gigabytes', '0'],
    ['--clean', '--loss-percent', '1'],
  ]) {
    const { code, stderr } = await run(
      [process.execPath, MAIN, 'integrity', '--binary', binary, ...argv],
      { mayFail: true },
    );
    expect([argv, code]).toEqual([argv, 2]);
    expect(stderr).toContain('see scripts/bench --help');
  }
});
