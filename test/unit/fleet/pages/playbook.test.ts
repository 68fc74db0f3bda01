/**
 * Goal: each view that docs/dashboard.md names for a line of the operational playbook is there, in the part of the pages that it names.
 *
 * Method: names in the table, held against the documents of the pages, the charts and the shipped dashboard for Grafana.
 */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { chartsOf } from '../../../../fleet/pages/charts.ts';
import { seriesOf } from '../../../browser/recorded.ts';

const ROOT = resolve(import.meta.dir, '../../../..');
const read = (file: string) => readFileSync(resolve(ROOT, file), 'utf8');

/** Headings and names of figures of a page. */
const headsOf = (file: string) =>
  [...read(file).matchAll(/<(?:h2|h3|dt)[^>]*>([^<]+)</g)].map(([, text]) => text!);

const grafana = JSON.parse(read('policies/observability/grafana.json')) as {
  readonly panels: readonly { readonly title: string }[];
};
const VIEWS: Readonly<Record<string, readonly string[]>> = {
  Now: headsOf('fleet/pages/overview.html'),
  'Over time': chartsOf(seriesOf(0, 3_600_000, 60_000, 10)).map(({ title }) => title),
  Device: headsOf('fleet/pages/device.html'),
  Grafana: grafana.panels.map(({ title }) => title),
};

const [, section = ''] = /## What the playbook asks for.*?\n(.*?)\n## /s.exec(
  read('docs/dashboard.md'),
)!;
const rows = section.split('\n').filter((line) => /^\| \d/.test(line));

test('each view stands where the page says', () => {
  const named = rows.flatMap((row) => [
    ...row.matchAll(/(Now|Over time|Device|Grafana) “([^”]+)”/g),
  ]);
  expect(named.length).toBeGreaterThan(35);
  for (const [, part = '', name = ''] of named) expect(VIEWS[part]).toContain(name);
});

test('each section that lists what to monitor has its lines', () => {
  const sections = rows.flatMap((row) => row.split('|')[1]!.split(',').map(Number));
  expect([...new Set(sections)].sort((a, b) => a - b)).toEqual([2, 3, 4, 7, 9, 12]);
});
