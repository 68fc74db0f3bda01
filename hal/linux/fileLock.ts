/**
 * A file that one process has at a time: flock(2) on an open file.
 *
 * The kernel lets go when the last descriptor of it is closed, so one that was killed holds nothing. Advisory: it keeps away who asks.
 *
 * @module
 */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { type HalResult, halFail, halOk } from '../result.ts';
import { ERRNO, errnoName } from './errno.ts';
import { errno, libc } from './libc.ts';
import { storageFailure } from './storageFailure.ts';

/** <sys/file.h> */
const LOCK_EX = 2;
const LOCK_NB = 4;
/** Between an open and its lock whoever held it may have taken the file away (chosen: nobody is that quick that often). */
const TRIES_MAX = 20;

export interface FileLock extends Disposable {
  /** Another process has it, and this is what it wrote there; null: it is ours. */
  readonly holder: string | null;
}

/** Takes `path` and writes `words` into it, or says who has it. Disposing of it takes the file away. Never waits. */
export function lockFile(path: string, words: string): HalResult<FileLock> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    let fd: number;
    try {
      fd = openSync(path, 'a+', 0o600);
    } catch (error) {
      return storageFailure(error, `open ${path}`);
    }
    const locked = lockNow(fd, path);
    if (!locked.ok || !locked.value) {
      const holder = readFileSync(fd, 'utf8').trim();
      closeSync(fd);
      return locked.ok ? halOk({ holder, [Symbol.dispose]: () => {} }) : locked;
    }
    if (isAt(fd, path)) {
      try {
        ftruncateSync(fd);
        writeSync(fd, words);
      } catch (error) {
        closeSync(fd);
        return storageFailure(error, `write ${path}`);
      }
      return halOk({ holder: null, [Symbol.dispose]: () => release(fd, path) });
    }
    closeSync(fd);
  }
  return halFail('storageFailed', `flock ${path}: it changes all the time`);
}

/** False: another one has it. */
function lockNow(fd: number, path: string): HalResult<boolean> {
  while (libc.flock(fd, LOCK_EX | LOCK_NB) !== 0) {
    const code = errno();
    if (code === ERRNO.EAGAIN) return halOk(false);
    if (code !== ERRNO.EINTR) return halFail('storageFailed', `flock ${path}: ${errnoName(code)}`);
  }
  return halOk(true);
}

/** Whether the open file is still the one of that name. */
function isAt(fd: number, path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  const ours = fstatSync(fd);
  return there !== undefined && there.ino === ours.ino && there.dev === ours.dev;
}

/** Taken away while it is held: whoever opened it meanwhile sees that it is another one. */
function release(fd: number, path: string): void {
  if (isAt(fd, path)) unlinkSync(path);
  closeSync(fd);
}
