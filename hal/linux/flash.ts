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

/** The system calls made here, so that a test can put a disk under them that loses power, fills up or fails. */
export interface FlashSystem {
  existsSync(path: string): boolean;
  mkdirSync(path: string, options: { readonly mode: number }): unknown;
  openSync(path: string, flags: number, mode?: number): number;
  readSync(fd: number, bytes: Uint8Array, offset: number, length: number, at: number): number;
  writeSync(fd: number, bytes: Uint8Array, offset: number, length: number, at: number): number;
  fsyncSync(fd: number): void;
  closeSync(fd: number): void;
}

/** Open the slots in `directory`, which is created if its parent exists. */
export function openFlash(
  directory: string,
  slotBytes: number,
  system: FlashSystem = fs,
): HalResult<Flash> {
  try {
    if (!system.existsSync(directory)) {
      system.mkdirSync(directory, { mode: 0o700 });
      syncDirectory(system, dirname(directory));
    }
    const slots = [openSlot(system, directory, 0), openSlot(system, directory, 1)] as const;
    return halOk(new FileFlash(system, slots, slotBytes));
  } catch (error) {
    return storageFailure(error, directory);
  }
}

class FileFlash implements Flash {
  readonly slotBytes: number;
  writtenBytes = 0;
  readonly #system: FlashSystem;
  readonly #fds: readonly [number, number];

  constructor(system: FlashSystem, fds: readonly [number, number], slotBytes: number) {
    this.#system = system;
    this.#fds = fds;
    this.slotBytes = slotBytes;
  }

  readSlot(slot: FlashSlot): Uint8Array | null {
    const bytes = new Uint8Array(this.slotBytes);
    try {
      const readBytes = this.#system.readSync(this.#fds[slot], bytes, 0, this.slotBytes, 0);
      return readBytes === 0 ? null : bytes;
    } catch {
      return null; // EIO: a block that cannot be read is a slot that is lost
    }
  }

  writeSlot(slot: FlashSlot, bytes: Uint8Array): FlashResult {
    assert(bytes.length === this.slotBytes, 'a write fills its slot');
    try {
      this.writtenBytes += bytes.length;
      const written = this.#system.writeSync(this.#fds[slot], bytes, 0, bytes.length, 0);
      if (written !== bytes.length) return halFail('storageFailed', `slot${slot}: short write`);
      this.#system.fsyncSync(this.#fds[slot]);
      return halOk(null);
    } catch (error) {
      return storageFailure(error, `slot${slot}`);
    }
  }
}

function openSlot(system: FlashSystem, directory: string, slot: FlashSlot): number {
  const path = join(directory, `slot${slot}`);
  const isNew = !system.existsSync(path);
  const fd = system.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
  if (isNew) {
    system.fsyncSync(fd);
    syncDirectory(system, directory); // without this the name itself can be lost in a power cut
  }
  return fd;
}

function syncDirectory(system: FlashSystem, path: string): void {
  const fd = system.openSync(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    system.fsyncSync(fd);
  } finally {
    system.closeSync(fd);
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
