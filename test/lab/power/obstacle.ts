/**
 * Whether this machine lets a file system be made, put over a loop device and mounted, and a FUSE be served.
 *
 * @module
 */
import { accessSync, constants } from 'node:fs';
import { isRootHere } from '../nobody.ts';
import { run } from '../process.ts';

/** In a mount namespace of its own, on memory of its own: nothing stays behind. */
const PROBE = `
mount -t tmpfs none /mnt && cd /mnt && truncate -s 8M probe && mkdir at || exit 1
mkfs.ext4 -q -F probe || exit 1
mount -t ext4 -o loop probe at && umount at`;

/** What is in the way, in words, or null. */
export async function powerObstacle(): Promise<string | null> {
  if (!isRootHere) return 'a loop device needs root';
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
  } catch {
    return 'no /dev/fuse';
  }
  const argv = ['unshare', '-m', '--propagation', 'private', '--', 'sh', '-c', PROBE];
  const { code, stderr } = await run(argv, { mayFail: true });
  return code === 0 ? null : `no ext4 on a loop device: ${stderr.trim().split('\n')[0]}`;
}
