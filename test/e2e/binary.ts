/**
 * The binary of this tree, built for one test file.
 *
 * `dist/` may hold that of another day, or of a build that is under way.
 *
 * @module
 */
import { join, resolve } from 'node:path';
import { run } from '../lab/process.ts';

const ROOT = resolve(import.meta.dir, '../..');

/** Its path below `folder`; for this machine if no other target is named. Takes a second or two. */
export async function buildBinary(
  folder: string,
  target = `linux-${process.arch}`,
): Promise<string> {
  const script = join(ROOT, 'scripts/build.ts');
  await run([process.execPath, script, '--target', target, '--out', folder]);
  return join(folder, `jvpn-${target}`);
}
