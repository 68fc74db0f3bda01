/**
 * Mounts the file system of `disk.ts` and starts the program that answers for it.
 *
 * That program runs in a mount namespace of its own, made before anything is mounted from the disk: were it the last one
 * to leave the namespace, the kernel would unmount in its name and wait for its answers for ever.
 *
 * @module
 */
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { libc, NativeMemory } from '../libc.ts';
import { eventually } from '../process.ts';

const MS_NOSUID_NODEV = 6n;
const READY_MS = 20_000;

export interface MountedDisk {
  /** What a loop device is put over. */
  readonly disk: string;
  readonly marks: string;
  readonly fault: string;
  readonly server: Bun.Subprocess;
}

/** @param folder exists and is empty; the caller unmounts it. */
export async function mountDisk(image: string, log: string, folder: string): Promise<MountedDisk> {
  const device = openSync('/dev/fuse', 'r+');
  mountFuse(device, folder);
  const program = join(import.meta.dir, 'disk.ts');
  const argv = [process.execPath, program, '--image', image, '--log', log];
  const alone = ['unshare', '-m', '--propagation', 'private', '--'];
  const server = Bun.spawn(['setpriv', '--pdeathsig', 'KILL', '--', ...alone, ...argv], {
    stdio: ['ignore', 'ignore', 'inherit', device],
  });
  // Held by the server alone, so that its end is the end of the disk and nobody waits for answers.
  closeSync(device);
  await eventually('the disk to be read', () => existsSync(log), READY_MS);
  const [disk, marks, fault] = ['disk', 'marks', 'fault'].map((name) => join(folder, name));
  return { disk: disk!, marks: marks!, fault: fault!, server };
}

function mountFuse(fd: number, folder: string): void {
  const options = `fd=${fd},rootmode=40000,user_id=0,group_id=0`;
  const [source, target, type, data] = ['jvpn-disk', folder, 'fuse', options].map(cString);
  const status = libc.mount(
    source!.at(0),
    target!.at(0),
    type!.at(0),
    MS_NOSUID_NODEV,
    data!.at(0),
  );
  if (status !== 0) throw new Error(`FUSE cannot be mounted on ${folder}`);
}

function cString(text: string): NativeMemory {
  const bytes = new TextEncoder().encode(`${text}\0`);
  const memory = new NativeMemory(bytes.length);
  memory.bytes.set(bytes);
  return memory;
}
