/**
 * Where results are to be written: looked at before anything is measured, and not an hour later.
 *
 * @module
 */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * `path` from the root on, for the working directory may change later; null where the flag was left out.
 *
 * @throws Error with a sentence for a person: its folder is not there, nothing can be written there, or it is a folder itself.
 */
export function outputFile(flag: string, path: string | undefined): string | null {
  if (path === undefined) return null;
  const folder = dirname(path);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) throw new Error(`${flag} ${path} is a folder, and not a file`);
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw new Error(`${flag} ${path}: there is no folder ${folder} that can be written to`);
  }
  return resolve(path);
}
