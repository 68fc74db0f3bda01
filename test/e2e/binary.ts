/**
 * The binary of this tree, for one test file.
 *
 * `dist/` may hold that of another day, or of a build that is under way, so it is built; only `scripts/test`, which has just
 * done so, says with `BUILT` where it lies.
 *
 * @module
 */
import { constants, copyFileSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from '../lab/process.ts';

const ROOT = resolve(import.meta.dir, '../..');

/** Its path below `folder`; for this machine if no other target is named. Takes a second or two. */
export async function buildBinary(
  folder: string,
  target = `linux-${process.arch}`,
): Promise<string> {
  const name = `jvpn-${target}`;
  const built = process.env['BUILT'];
  if (built === undefined) {
    const script = join(ROOT, 'scripts/build.ts');
    await run([process.execPath, script, '--target', target, '--out', folder]);
  } else {
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(ROOT, built, name), join(folder, name), constants.COPYFILE_FICLONE);
  }
  return join(folder, name);
}
