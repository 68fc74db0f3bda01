/**
 * Segments as files of one folder. Folder 0700, files 0600.
 *
 * A sync is the system's own fsync on a thread of the runtime, so that nobody waits for the medium; the folder is synced with the
 * first sync of a new name, and the one above it when it is made. Opening syncs what is there: a process before may have been
 * killed before it did.
 *
 * @module
 */
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { type HalResult, halFail, halOk } from '../result.ts';
import type { SegmentResult, Segments } from '../segments.ts';
import { errnoOf, storageFailure } from './storageFailure.ts';

/** Open the segments in `directory`, which is created with its parents. */
export function openSegments(directory: string): HalResult<Segments> {
  try {
    const made = fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (made !== undefined) syncFolder(dirname(directory));
    const segments = new FileSegments(directory);
    for (const name of segments.names()) {
      const synced = segments.syncNow(name);
      if (!synced.ok) return synced;
    }
    return halOk(segments);
  } catch (error) {
    return storageFailure(error, directory);
  }
}

class FileSegments implements Segments {
  writtenBytes = 0;
  readonly #directory: string;
  /** Appended to and not synced since. */
  readonly #open = new Map<string, number>();
  /** Made here, and their names not on the medium yet. */
  readonly #unnamed = new Set<string>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  names(): readonly string[] {
    try {
      return fs.readdirSync(this.#directory);
    } catch {
      return [];
    }
  }

  read(name: string): Uint8Array | null {
    try {
      return fs.readFileSync(this.#path(name));
    } catch {
      return null;
    }
  }

  append(name: string, bytes: Uint8Array): SegmentResult {
    try {
      const fd = this.#open.get(name) ?? this.#openFile(name);
      this.writtenBytes += bytes.length;
      const written = fs.writeSync(fd, bytes);
      return written === bytes.length
        ? halOk(null)
        : halFail('storageFull', `${name}: the disk took only a part`);
    } catch (error) {
      return storageFailure(error, name);
    }
  }

  sync(name: string, onDone: (result: SegmentResult) => void): void {
    const done = (error: unknown) => {
      if (error === null) this.#settle(name);
      onDone(error === null ? halOk(null) : storageFailure(error, name));
    };
    let fd: number;
    try {
      fd = this.#open.get(name) ?? this.#openFile(name);
    } catch (error) {
      queueMicrotask(() => done(error));
      return;
    }
    this.#open.delete(name);
    fs.fsync(fd, (error) => {
      closed(fd);
      if (error !== null || !this.#unnamed.has(name)) return done(error);
      this.#syncDirectory(done);
    });
  }

  syncNow(name: string): SegmentResult {
    try {
      const fd = this.#open.get(name) ?? this.#openFile(name);
      this.#open.delete(name);
      try {
        fs.fsyncSync(fd);
      } finally {
        fs.closeSync(fd);
      }
      if (this.#unnamed.has(name)) syncFolder(this.#directory);
      this.#settle(name);
      return halOk(null);
    } catch (error) {
      return storageFailure(error, name);
    }
  }

  remove(name: string): SegmentResult {
    try {
      const fd = this.#open.get(name);
      this.#open.delete(name);
      this.#unnamed.delete(name);
      if (fd !== undefined) fs.closeSync(fd);
      fs.unlinkSync(this.#path(name));
      return halOk(null);
    } catch (error) {
      return errnoOf(error) === 'ENOENT' ? halOk(null) : storageFailure(error, name);
    }
  }

  #openFile(name: string): number {
    const path = this.#path(name);
    const { O_WRONLY, O_APPEND, O_CREAT } = fs.constants;
    if (!fs.existsSync(path)) this.#unnamed.add(name);
    const fd = fs.openSync(path, O_WRONLY | O_APPEND | O_CREAT, 0o600);
    this.#open.set(name, fd);
    return fd;
  }

  #settle(name: string): void {
    this.#unnamed.delete(name);
  }

  #syncDirectory(done: (error: unknown) => void): void {
    let fd: number;
    try {
      fd = fs.openSync(this.#directory, FOLDER);
    } catch (error) {
      return done(error);
    }
    fs.fsync(fd, (error) => {
      closed(fd);
      done(error);
    });
  }

  readonly #path = (name: string) => join(this.#directory, name);
}

const FOLDER = fs.constants.O_RDONLY | fs.constants.O_DIRECTORY;

function syncFolder(path: string): void {
  const fd = fs.openSync(path, FOLDER);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Whatever the system says to it: what counts was said by fsync, and nobody catches what is thrown here. */
function closed(fd: number): void {
  try {
    fs.closeSync(fd);
  } catch {
    // Nothing is left to be done with it.
  }
}
