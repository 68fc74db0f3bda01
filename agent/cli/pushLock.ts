/**
 * A rollout is carried out by one process at a time: beside its state file lies one that says which.
 *
 * @module
 */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { explain } from '../../hal/capabilities.ts';
import { lockFile } from '../../hal/linux/fileLock.ts';
import { Unusable } from './signing.ts';

/** Until it is disposed of, or the process is gone. @throws Unusable where another process has it, or it has no place. */
export function lockRollout(stateFile: string): Disposable {
  const path = `${stateFile}.lock`;
  const folder = dirname(path);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    const advice = 'make it, or name another --state-file';
    throw new Unusable(`--state-file ${stateFile}: there is no folder ${folder}: ${advice}`, 1);
  }
  const since = new Date().toISOString();
  const lock = lockFile(path, `process ${process.pid} since ${since}\n`);
  if (!lock.ok) throw new Unusable(explain(lock), 1);
  const { holder } = lock.value;
  if (holder === null) return lock.value;
  const who = /^process (\d+) since \S+$/.exec(holder);
  const end = who === null ? 'end it' : `end it (kill -INT ${who[1]}), which loses nothing`;
  throw new Unusable(
    `${stateFile}: another jvpn policy push is at this rollout: ${who?.[0] ?? 'whoever has it open'}. ` +
      `Wait for it, or ${end}, and run this again; or name another --state-file. Who has it: fuser ${path}`,
    1,
  );
}
