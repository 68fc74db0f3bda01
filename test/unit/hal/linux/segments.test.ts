import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSegments } from '../../../../hal/linux/segments.ts';
import type { SegmentResult, Segments } from '../../../../hal/segments.ts';
import { opened } from './inside/opened.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'segments-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);
const synced = (segments: Segments, name: string) =>
  new Promise<SegmentResult>((resolve) => segments.sync(name, resolve));

test('files of one owner that grow, are read back whole, and survive reopening', async () => {
  const directory = join(folder, 'state', 'events');
  const segments = opened(openSegments(directory));
  expect(segments.names()).toEqual([]);
  expect(segments.read('a')).toBeNull();
  expect(segments.append('a', bytes('one ')).ok).toBe(true);
  expect(segments.append('a', bytes('two')).ok).toBe(true);
  expect(readFileSync(join(directory, 'a'), 'utf8')).toBe('one two');
  expect(await synced(segments, 'a')).toEqual({ ok: true, value: null });
  segments.append('a', bytes(' three'));
  expect(segments.syncNow('a').ok).toBe(true);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(statSync(join(directory, 'a')).mode & 0o777).toBe(0o600);
  expect(segments.writtenBytes).toBe(13);
  const again = opened(openSegments(directory));
  expect(again.names()).toEqual(['a']);
  expect(new TextDecoder().decode(again.read('a')!)).toBe('one two three');
});

test('a sync never answers before it returns, and an append meanwhile is not lost', async () => {
  const segments = opened(openSegments(folder));
  segments.append('a', bytes('x'));
  let isReturned = false;
  const answer = new Promise<boolean>((resolve) => {
    segments.sync('a', () => resolve(isReturned));
  });
  segments.append('a', bytes('y'));
  isReturned = true;
  expect(await answer).toBe(true);
  expect(segments.syncNow('a').ok).toBe(true);
  expect(new TextDecoder().decode(segments.read('a')!)).toBe('xy');
});

test('what is removed is gone, also while it is being written, and once more is no failure', () => {
  const segments = opened(openSegments(folder));
  segments.append('a', bytes('x'));
  expect([segments.remove('a').ok, segments.remove('a').ok]).toEqual([true, true]);
  expect(segments.names()).toEqual([]);
  segments.append('a', bytes('y'));
  expect(new TextDecoder().decode(segments.read('a')!)).toBe('y');
});

test('no descriptor stays open', async () => {
  const segments = opened(openSegments(folder));
  const open = () => [...new Bun.Glob('*').scanSync({ cwd: '/proc/self/fd', onlyFiles: false })];
  const before = open().length;
  for (let number = 0; number < 30; number += 1) {
    segments.append(`s${number}`, bytes('x'));
    if (number % 3 === 0) await synced(segments, `s${number}`);
    else if (number % 3 === 1) segments.syncNow(`s${number}`);
    else segments.remove(`s${number}`);
  }
  expect(open().length).toBeLessThanOrEqual(before + 1);
});

test('what is in the way is said', async () => {
  writeFileSync(join(folder, 'file'), '');
  expect(openSegments(join(folder, 'file', 'events'))).toMatchObject({ ok: false });
  mkdirSync(join(folder, 'there', 'a'), { recursive: true });
  const segments = opened(openSegments(join(folder, 'there', 'b')));
  rmSync(join(folder, 'there'), { recursive: true });
  const lost = { ok: false, code: 'storageFailed', detail: 'x: ENOENT' };
  expect(segments.append('x', bytes('y'))).toMatchObject(lost);
  expect(await synced(segments, 'x')).toMatchObject(lost);
  expect(segments.syncNow('x')).toMatchObject(lost);
  expect([segments.names(), segments.read('x')]).toEqual([[], null]);
});
