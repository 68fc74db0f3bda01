/**
 * Two files, `slot0` and `slot1`, overwritten in place and synced.
 *
 * Two files rather than one: two 512-byte slots of one file share a block of the file system, and
 * a write torn there can take both. In place rather than by rename: after the first time no
 * directory changes, so one fsync of the file is all that a write costs.
 *
 * Directory 0700, files 0600. A failed fsync leaves the slot unknown; the store writes the same slot
 * again before it touches the other.
 *
 * @module
 */
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { assert } from '../../session/assert.ts';
import type { HalCode } from '../capabilities.ts';
import type { Flash, FlashResult, FlashSlot } from '../flash.ts';
import { type HalResult, halFail, halOk } from '../result.ts';

/** Open the slots in `directory`, which is created if its parent exists. */
export function openFlash(directory: string, slotBytes: number): HalResult<Flash> {
  try {
    if (!fs.existsSync(directory)) {
      fs.mkdirSync(directory, { mode: 0o700 });
      syncDirectory(dirname(directory));
    }
    return halOk(new FileFlash([openSlot(directory, 0), openSlot(directory, 1)], slotBytes));
  } catch (error) {
    return storageFailure(error, directory);
  }
}

class FileFlash implements Flash {
  readonly slotBytes: number;
  writtenBytes = 0;
  readonly #fds: readonly [number, number];

  constructor(fds: readonly [number, number], slotBytes: number) {
    this.#fds = fds;
    this.slotBytes = slotBytes;
  }

  readSlot(slot: FlashSlot): Uint8Array | null {
    const bytes = new Uint8Array(this.slotBytes);
    try {
      const readBytes = fs.readSync(this.#fds[slot], bytes, 0, this.slotBytes, 0);
      return readBytes === 0 ? null : bytes;
    } catch {
      return null; // EIO: a block that cannot be read is a slot that is lost
    }
  }

  writeSlot(slot: FlashSlot, bytes: Uint8Array): FlashResult {
    assert(bytes.length === this.slotBytes, 'a write fills its slot');
    try {
      this.writtenBytes += bytes.length;
      const written = fs.writeSync(this.#fds[slot], bytes, 0, bytes.length, 0);
      if (written !== bytes.length) return halFail('storageFailed', `slot${slot}: short write`);
      fs.fsyncSync(this.#fds[slot]);
      return halOk(null);
    } catch (error) {
      return storageFailure(error, `slot${slot}`);
    }
  }
}

function openSlot(directory: string, slot: FlashSlot): number {
  const path = join(directory, `slot${slot}`);
  const isNew = !fs.existsSync(path);
  const fd = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
  if (isNew) {
    fs.fsyncSync(fd);
    syncDirectory(directory); // without this the name itself can be lost in a power cut
  }
  return fd;
}

function syncDirectory(path: string): void {
  const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

const CODES = new Map<string, HalCode>([
  ['ENOSPC', 'storageFull'],
  ['EDQUOT', 'storageFull'],
  ['EROFS', 'storageReadOnly'],
  ['EACCES', 'storageDenied'],
  ['EPERM', 'storageDenied'],
]);

function storageFailure(error: unknown, what: string) {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return halFail(CODES.get(code) ?? 'storageFailed', `${what}: ${code}`);
}
