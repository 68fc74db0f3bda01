/**
 * Goal: the pages keep the server's policy of content security, and say the same as the source.
 *
 * Method: make them as the build does, and read them.
 */
import { expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PAGES, pageOf } from '../../../../fleet/pages/pages.ts';
import { REASONS } from '../../../../session/reasons.ts';

const DOM = resolve(import.meta.dir, '../../../../fleet/pages/dom');

const assets = [...PAGES.keys()].filter((path) => path.startsWith('/assets/'));
const textOf = (path: string) => String(PAGES.get(path)?.body);
const documents = ['/', '/device', '/login', '/login/refused'];

test('one script, one style sheet, one icon, named after their bytes', () => {
  expect(assets.map((path) => path.replace(/-[0-9a-f]{12}\./, '-HASH.')).sort()).toEqual([
    '/assets/icon-HASH.svg',
    '/assets/main-HASH.js',
    '/assets/style-HASH.css',
  ]);
  expect([...PAGES.keys()].sort()).toEqual([...documents, ...assets].sort());
});

test('documents have nothing inline and name no other host', () => {
  for (const path of documents) {
    const text = textOf(path);
    expect([
      path,
      text.match(/<style|<script(?![^>]* src=)|\son\w+=|\sstyle=|javascript:|\{\{/i),
    ]).toEqual([path, null]);
    for (const [, target = ''] of text.matchAll(/(?:href|src|action)="([^"]*)"/g)) {
      const isOurs = target.startsWith('#') || PAGES.has(target) || target === '/login';
      expect([path, target, isOurs]).toEqual([path, target, true]);
    }
  }
});

test('script and style sheet are small, and reach no other host', () => {
  const [script, style] = ['main-', 'style-'].map((name) =>
    textOf(assets.find((path) => path.includes(name))!),
  );
  // 103 kB when written, half of it the charts' library; a phone on a bad link is to see it too.
  expect(script!.length).toBeLessThan(150_000);
  expect(style!.length).toBeLessThan(20_000);
  for (const text of [script!, style!]) {
    const hosts = [...text.matchAll(/https?:\/\/[\w.-]+/g)].map(([host]) => host);
    expect(hosts.filter((host) => host !== 'http://www.w3.org')).toEqual([]);
  }
  expect(script).toContain(REASONS.recovery_window_exceeded.sentence);
});

test('each device has the page of a device', () => {
  expect(pageOf('/device/gw-1')).toBe(PAGES.get('/device')!);
  expect(pageOf('/')).toBe(PAGES.get('/')!);
  expect(pageOf('/nowhere')).toBeUndefined();
});

test('what a device says is never read as markup', () => {
  const markup = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b/;
  for (const file of readdirSync(DOM).filter((name) => name.endsWith('.ts'))) {
    expect([file, markup.test(readFileSync(join(DOM, file), 'utf8'))]).toEqual([file, false]);
  }
});
