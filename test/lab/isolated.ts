/**
 * Runs a script of ours in network namespaces of its own and reads what it found as JSON.
 *
 * Rootless where the machine allows it, else as root with `unshare -nm`; the host's network is never
 * touched. Scripts assert nothing: they print facts, the test judges.
 *
 * @module
 */
import { run } from './process.ts';
import { rootlessArgv, rootlessObstacle } from './rootless.ts';

const AS_ROOT = ['unshare', '-nm', 'sh', '-c', 'mount -t tmpfs tmpfs /run && exec "$@"', 'sh'];

const refused = await rootlessObstacle();
const isRootOnly = refused !== null && process.getuid?.() === 0;

/** Why no namespaces can be made here, or null. */
export const isolationObstacle = isRootOnly ? null : refused;

/** Run `script` with Bun inside, and parse the last line of its output. */
export async function runIsolated(script: string): Promise<unknown> {
  const argv = [process.execPath, script];
  const { stdout } = await run(isRootOnly ? [...AS_ROOT, ...argv] : rootlessArgv(argv));
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}
