/**
 * Two files, `slot0` and `slot1`, overwritten in place and synced.
 *
 * Two files rather than one: two 512-byte slots of one file share a block of the file system, and
 * a write torn there can take both. In place rather than by rename: after the first time no
 * directory changes, so one fsync of the file is all that a write costs, and a full disk has room for it.
 *
 * What a process before this one did may be in the page cache and not on the medium: it was killed before
 * its fsync, or the fsync failed, after which Linux calls the pages clean. A slot that only looks whole
 * would send the next write to the one that is. So opening syncs everything, names included, and reads
 * past the cache.
 *
 * Directory 0700, files 0600. A failed fsync leaves the slot unknown; the store writes the same slot
 * again before it touches the other.
 *
 * @module
 */
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { assert } from '../../session/assert.ts';
import type { Flash, FlashResult, FlashSlot } from '../flash.ts';
import { type HalResult, halFail, halOk } from '../result.ts';
import { libc } from './libc.ts';
import { errnoOf, storageFailure } from './storageFailure.ts';

/** The system calls made here, so that a test can put a disk under them that loses power, fills up or fails. */
export interface FlashSystem {
  existsSync(path: string): boolean;
  mkdirSync(path: string, options: { readonly mode: number }): unknown;
  openSync(path: string, flags: number, mode?: number): number;
  readSync(fd: number, bytes: Uint8Array, offset: number, length: number, at: number): number;
  writeSync(fd: number, bytes: Uint8Array, offset: number, length: number, at: number): number;
  fsyncSync(fd: number): void;
  closeSync(fd: number): void;
  /** Drop what the page cache has of the file and calls clean. */
  dropCleanPages(fd: number): void;
}

const POSIX_FADV_DONTNEED = 4;

/** Those of this machine. */
export const SYSTEM: FlashSystem = {
  ...fs,
  dropCleanPages: (fd) => {
    libc.posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); // advice: what refuses it has no such cache
  },
};

/** Open the slots in `directory`, which is created if its parent exists. */
export function openFlash(
  directory: string,
  slotBytes: number,
  system: FlashSystem = SYSTEM,
): HalResult<Flash> {
  try {
    const isNew = !system.existsSync(directory);
    if (isNew) system.mkdirSync(directory, { mode: 0o700 });
    syncParent(system, dirname(directory), isNew);
    const slots = [openSlot(system, directory, 0), openSlot(system, directory, 1)] as const;
    // Without this the names themselves can be lost in a power cut, whoever made them.
    syncDirectory(system, directory);
    return halOk(new FileFlash(system, slots, slotBytes));
  } catch (error) {
    return storageFailure(error, directory);
  }
}

interface OpenSlot {
  readonly fd: number;
  /** False if what was written before could not be synced, so that nobody knows what the medium has. */
  readonly isKnown: boolean;
}

class FileFlash implements Flash {
  readonly slotBytes: number;
  writtenBytes = 0;
  readonly #system: FlashSystem;
  readonly #slots: readonly [OpenSlot, OpenSlot];

  constructor(system: FlashSystem, slots: readonly [OpenSlot, OpenSlot], slotBytes: number) {
    this.#system = system;
    this.#slots = slots;
    this.slotBytes = slotBytes;
  }

  readSlot(slot: FlashSlot): Uint8Array | null {
    const { fd, isKnown } = this.#slots[slot];
    if (!isKnown) return UNREADABLE;
    const bytes = new Uint8Array(this.slotBytes);
    try {
      const readBytes = this.#system.readSync(fd, bytes, 0, this.slotBytes, 0);
      return readBytes === 0 ? null : bytes;
    } catch {
      return UNREADABLE; // EIO: a block that cannot be read is a slot that is lost
    }
  }

  writeSlot(slot: FlashSlot, bytes: Uint8Array): FlashResult {
    assert(bytes.length === this.slotBytes, 'a write fills its slot');
    const { fd } = this.#slots[slot];
    try {
      this.writtenBytes += bytes.length;
      const written = this.#system.writeSync(fd, bytes, 0, bytes.length, 0);
      if (written !== bytes.length) return halFail('storageFailed', `slot${slot}: short write`);
      this.#system.fsyncSync(fd);
      return halOk(null);
    } catch (error) {
      return storageFailure(error, `slot${slot}`);
    }
  }
}

const UNREADABLE = new Uint8Array(0);

function openSlot(system: FlashSystem, directory: string, slot: FlashSlot): OpenSlot {
  const path = join(directory, `slot${slot}`);
  const fd = system.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
  const isKnown = isSynced(system, fd);
  system.dropCleanPages(fd);
  return { fd, isKnown };
}

function isSynced(system: FlashSystem, fd: number): boolean {
  try {
    system.fsyncSync(fd);
    return true;
  } catch {
    return false;
  }
}

/**
 * A directory that was there before may lie in one that this user may not open, or on a file system that is read-only or
 * syncs nothing; then somebody else made both. What the medium refuses counts all the same.
 */
function syncParent(system: FlashSystem, parent: string, isNew: boolean): void {
  try {
    syncDirectory(system, parent);
  } catch (error) {
    const isFull = storageFailure(error, parent).code === 'storageFull';
    if (isNew || isFull || errnoOf(error) === 'EIO') throw error;
  }
}

/** Makes the names in a folder durable. Throws what the system says. */
export function syncDirectory(
  system: Pick<FlashSystem, 'openSync' | 'fsyncSync' | 'closeSync'>,
  path: string,
): void {
  const fd = system.openSync(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    system.fsyncSync(fd);
  } finally {
    system.closeSync(fd);
  }
}
