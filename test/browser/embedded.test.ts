/**
 * Goal: an executable has the pages of the dashboard in it, the same as the source makes, and needs no source for them.
 *
 * Method: compile a program that says what it has, and run it in an empty directory.
 */
import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PAGES } from '../../fleet/pages/pages.ts';
import { compile } from '../../scripts/compile.ts';

const TEST_MS = 60_000;

test(
  'an executable has the pages in it',
  async () => {
    const outDir = mkdtempSync(join(tmpdir(), 'jvpn-pages-'));
    try {
      const binary = await compile({
        root: resolve(import.meta.dir, '../..'),
        entries: ['test/browser/printPages.ts'],
        target: process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64',
        outDir,
        name: 'pages',
        define: {},
      });
      const run = Bun.spawnSync([binary], { cwd: outDir });
      const said = run.stdout.toString().trim().split('\n');
      const ours = Array.from(PAGES, ([path, { type, body }]) => `${path} ${type} ${body.length}`);
      expect([said, run.exitCode]).toEqual([ours, 0]);
      // What makes the pages stays outside.
      expect(await Bun.file(binary).text()).not.toContain('dom/main.ts');
    } finally {
      rmSync(outDir, { recursive: true });
    }
  },
  TEST_MS,
);
