import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFlash } from '../../../../hal/linux/flash.ts';
import { isolationObstacle, runIsolated } from '../../../lab/isolated.ts';
import { testUnless } from '../../../obstacle.ts';
import { opened } from './inside/opened.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flash-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const filled = (value: number) => new Uint8Array(512).fill(value);

test('slots are files of one owner, blank at first, and survive reopening', () => {
  const directory = join(folder, 'state');
  const flash = opened(openFlash(directory, 512));
  expect([flash.readSlot(0), flash.readSlot(1)]).toEqual([null, null]);
  expect(flash.writeSlot(1, filled(7)).ok).toBe(true);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(statSync(join(directory, 'slot1')).mode & 0o777).toBe(0o600);
  expect([...readFileSync(join(directory, 'slot1'))]).toEqual([...filled(7)]);
  const again = opened(openFlash(directory, 512));
  expect([again.readSlot(0), again.readSlot(1)]).toEqual([null, filled(7)]);
  expect([flash.writtenBytes, again.writtenBytes]).toEqual([512, 0]);
});

test('a file cut short reads as a slot with nothing behind the cut', () => {
  const flash = opened(openFlash(folder, 512));
  flash.writeSlot(0, filled(7));
  truncateSync(join(folder, 'slot0'), 100);
  expect(flash.readSlot(0)?.lastIndexOf(7)).toBe(99);
  expect(flash.readSlot(0)?.length).toBe(512);
});

test('what is in the way is said', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(openFlash(join(folder, 'file'), 512)).toMatchObject({ ok: false, code: 'storageFailed' });
  expect(openFlash(join(folder, 'absent', 'state'), 512)).toMatchObject({
    ok: false,
    code: 'storageFailed',
  });
});

testUnless(isolationObstacle, 'full, read-only and forbidden media have their names', async () => {
  const facts = await runIsolated(join(import.meta.dirname, 'inside', 'flash.ts'));
  expect(facts).toEqual({
    full: { ok: false, code: 'storageFull', detail: 'slot0: ENOSPC' },
    readOnly: { ok: false, code: 'storageReadOnly', detail: 'EROFS' },
    forbidden: 'storageDenied',
  });
});
