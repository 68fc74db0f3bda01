/**
 * Goal: where a rollout stands is on the medium when the next thing is published: what is in the file, and that the name is the file's.
 */
import { expect, test } from 'bun:test';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import {
  type FileSystem,
  type PushFile,
  readPushFile,
  writePushFile,
} from '../../../../agent/cli/pushFile.ts';
import { BEGINNING } from '../../../../policies/rollout/plan.ts';

const FILE: PushFile = {
  ...{ v: 1, id: 'a1', fleet: 'acme', target: { level: 'fleet', name: 'acme' } },
  ...{ version: 5, revertVersion: 6, body: '', revertBody: '' },
  ...{ canary: '5%', soak: '10m', abortIf: '', notBeforeS: 1, expiresS: 2 },
  progress: BEGINNING,
};

/** The real system, and what it was asked for, by name of the file; `fail` is thrown where a folder is synced. */
function watched(fail: Error | null = null) {
  const calls: string[] = [];
  const names = new Map<number, string>();
  const system = {
    ...fs,
    openSync: (...asked: Parameters<typeof fs.openSync>) => {
      const handle = fs.openSync(...asked);
      names.set(handle, basename(String(asked[0])));
      return handle;
    },
    fsyncSync: (handle: number) => {
      calls.push(`sync ${names.get(handle)}`);
      if (fail !== null && fs.fstatSync(handle).isDirectory()) throw fail;
      fs.fsyncSync(handle);
    },
    renameSync: (from: fs.PathLike, to: fs.PathLike) => {
      calls.push(`name ${basename(String(to))}`);
      fs.renameSync(from, to);
    },
  } satisfies FileSystem;
  return { system, calls };
}

function scratch() {
  const folder = fs.mkdtempSync(join(tmpdir(), 'jvpn-push-file-'));
  const path = join(folder, 's.json');
  return { folder, path, [Symbol.dispose]: () => fs.rmSync(folder, { recursive: true }) };
}

test('◆ written, synced, named, and the name synced', () => {
  using place = scratch();
  const { system, calls } = watched();
  writePushFile(place.path, FILE, system);
  expect(calls).toEqual(['sync s.json.new', 'name s.json', `sync ${basename(place.folder)}`]);
  expect(readPushFile(place.path)).toEqual(FILE);
});

test('a medium that fails ends it; a file system that syncs no folders does not', () => {
  using place = scratch();
  const failing = (code: string) => watched(Object.assign(new Error(code), { code })).system;
  expect(() => writePushFile(place.path, FILE, failing('EIO'))).toThrow('EIO');
  writePushFile(place.path, FILE, failing('EINVAL'));
});
