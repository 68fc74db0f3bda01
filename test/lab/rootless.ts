/**
 * The lab without root: `unshare -Urnm` makes this user root of its own user, network and mount namespaces; a tmpfs on
 * /run there gives `ip netns` a place for its names.
 *
 * As a program, `rootless.ts COMMAND…` runs the command that way (at once, if this already is a lab). It refuses to run
 * anything outside one.
 *
 * @module
 */
import { run } from './process.ts';

/** Set inside, so that nobody enters twice. */
const INSIDE = 'JVPN_LAB_INSIDE';

/** The command line that runs `argv` in namespaces of its own. */
export function rootlessArgv(argv: readonly string[]): string[] {
  // Host resolver sockets and the like are out of reach under the tmpfs: nothing in a lab may use them.
  const script = `mount -t tmpfs -o mode=755 tmpfs /run && export ${INSIDE}=1 && exec "$@"`;
  return ['unshare', '-Urnm', '--', 'sh', '-c', script, 'sh', ...argv];
}

export function isInsideRootless(): boolean {
  return process.env[INSIDE] === '1';
}

/** Whether this process may make network namespaces right here. */
export async function canMakeNamespaces(): Promise<boolean> {
  if (isInsideRootless()) return true;
  if (process.getuid?.() !== 0) return false;
  return (await run(['unshare', '-nm', 'true'], { mayFail: true })).code === 0;
}

/** Why user namespaces are refused on this machine and what would help, or null if they work. */
export async function rootlessObstacle(): Promise<string | null> {
  const tried = await run(rootlessArgv(['ip', 'netns', 'add', 'probe']), { mayFail: true });
  if (tried.code === 0) return null;
  return [
    `user namespaces do not work here: ${tried.stderr.trim()}`,
    'run as root, or allow them: sysctl -w kernel.unprivileged_userns_clone=1 (Debian),',
    'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu)',
  ].join('\n');
}

/**
 * Make sure that this program runs where namespaces can be made: returns if it does, else runs it again, same arguments,
 * through {@link rootlessArgv} and ends with that status.
 *
 * @param options.rootless go rootless even if this is root.
 */
export async function ensureLab(options: { rootless?: boolean } = {}): Promise<void> {
  if (isInsideRootless()) return;
  if (options.rootless !== true && (await canMakeNamespaces())) return;
  process.exit(await runRootless(process.argv));
}

async function runRootless(argv: readonly string[]): Promise<number> {
  const obstacle = await rootlessObstacle();
  if (obstacle !== null) {
    console.error(obstacle);
    return 1;
  }
  const child = Bun.spawn(rootlessArgv(argv), { stdio: ['inherit', 'inherit', 'inherit'] });
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => child.kill(name));
  return child.exited;
}

if (import.meta.main) {
  const command = process.argv.slice(2);
  if (command.length === 0) {
    console.error('usage: rootless.ts COMMAND [ARGUMENT…]');
    process.exit(2);
  }
  if (!isInsideRootless()) process.exit(await runRootless(command));
  process.exit(await Bun.spawn(command, { stdio: ['inherit', 'inherit', 'inherit'] }).exited);
}
