/**
 * Runs a command as an ordinary user of a usual machine: uid 65534, and a /dev/net/tun that everybody may open.
 *
 * udev gives the device mode 0666, as CAP_NET_ADMIN guards it; a machine without udev has the kernel's 0600. Where it is
 * so, the command sees a node of the usual mode in a mount namespace of its own. Nothing of the machine is changed.
 *
 * @module
 */
import { isInsideRootless } from './rootless.ts';

/** Whether this is root, so that {@link asNobody} changes who runs. */
export const isRootHere = process.getuid?.() === 0 && !isInsideRootless();

const SCRIPT = `
if [ -c /dev/net/tun ]; then
  mount -t tmpfs tmpfs /mnt && mknod -m 666 /mnt/tun c 10 200 && mount --bind /mnt/tun /dev/net/tun || exit 1
fi
exec setpriv --reuid 65534 --regid 65534 --clear-groups -- "$@"`;

/** The command line that runs `argv` so. An ordinary user already is one. */
export function asNobody(argv: readonly string[]): readonly string[] {
  if (!isRootHere) return argv;
  return ['unshare', '-m', '--propagation', 'private', '--', 'sh', '-c', SCRIPT, 'sh', ...argv];
}
