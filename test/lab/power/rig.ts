/**
 * The machine whose power is cut: an ext4 on a loop device on the disk that logs, all of it in memory and in a mount
 * namespace of its own, so that nothing of it is left when the last process has gone.
 *
 * @module
 */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, LabProcess, run } from '../process.ts';
import { type LogEntry, readLog } from './diskLog.ts';
import { mountDisk } from './diskMount.ts';

/** How the file system is made and mounted. */
export interface FileSystem {
  readonly imageMebibytes: number;
  readonly blockBytes: 1_024 | 4_096;
  /** A small journal wraps around often. */
  readonly journalMebibytes: number;
  /** For `mount -o`. */
  readonly mount: string;
}

/** A program under load, as its command line is when it is given the folder on the file system and the marks. */
export type Load = (folder: string, marks: string) => readonly string[];

export interface Recording {
  /** The disk before the file system was mounted for the first time. */
  readonly image: Uint8Array;
  readonly entries: readonly LogEntry[];
}

const LOAD_MAX_MS = 240_000;

/**
 * Run `load` to its end on a fresh file system and return everything that the disk was asked. It is killed (SIGKILL) as
 * often as `kills` says, each time when the log has grown to that many bytes, and started again.
 */
export async function record(
  work: string,
  system: FileSystem,
  load: Load,
  kills: readonly number[],
): Promise<Recording> {
  const [image, log, fuse, files] = ['image', 'log', 'fuse', 'files'].map((at) => join(work, at));
  mkdirSync(fuse!, { recursive: true });
  mkdirSync(files!, { recursive: true });
  await makeFileSystem(image!, system);
  const before = new Uint8Array(readFileSync(image!));
  const { disk, marks, server } = await mountDisk(image!, log!, fuse!);
  try {
    await run(['mount', '-t', 'ext4', '-o', `loop,${system.mount}`, disk, files!]);
    try {
      for (const bytes of kills) await interrupted(load(files!, marks), log!, bytes);
      await finished(load(files!, marks));
    } finally {
      await run(['umount', files!]);
    }
  } finally {
    await run(['umount', fuse!]);
    // Its namespace still has the disk mounted, so it would wait for more. Everything answered is in the log.
    server.kill();
    await server.exited;
  }
  return { image: before, entries: readLog(readFileSync(log!)) };
}

async function makeFileSystem(image: string, system: FileSystem): Promise<void> {
  closeSync(openSync(image, 'w', 0o600));
  await run(['truncate', '-s', `${system.imageMebibytes}M`, image]);
  const journal = ['-J', `size=${system.journalMebibytes}`];
  // Whole at once: a kernel thread that writes tables later would blur the log.
  const whole = ['-E', 'nodiscard,lazy_itable_init=0,lazy_journal_init=0'];
  await run([
    'mkfs.ext4',
    '-q',
    '-F',
    '-b',
    String(system.blockBytes),
    ...journal,
    ...whole,
    image,
  ]);
}

async function interrupted(argv: readonly string[], log: string, bytes: number): Promise<void> {
  await using load = new LabProcess(argv, { name: 'load' });
  const isFar = () => load.hasEnded || (existsSync(log) && statSync(log).size >= bytes);
  await eventually('the load to go on', isFar, LOAD_MAX_MS);
  await load.stop('SIGKILL');
}

async function finished(argv: readonly string[]): Promise<void> {
  await using load = new LabProcess(argv, { name: 'load' });
  const code = await load.exited;
  if (code !== 0) throw new Error(`the load ended with ${code}\n${load.stderr.join('\n')}`);
}

/**
 * Mount `image` as after a power cut, where the kernel replays the journal, and let `read` look at it.
 *
 * @returns what `read` returns, or in words why it could not be mounted.
 */
export async function afterCut<T>(
  work: string,
  image: Uint8Array,
  read: (folder: string) => T | string,
): Promise<T | string> {
  const [file, folder] = [join(work, 'cut'), join(work, 'mounted')];
  mkdirSync(folder, { recursive: true });
  await Bun.write(file, image);
  const mounted = await run(['mount', '-t', 'ext4', '-o', 'loop', file, folder], { mayFail: true });
  if (mounted.code !== 0) return `ext4 cannot be mounted: ${mounted.stderr.trim()}`;
  try {
    return read(folder);
  } finally {
    await run(['umount', folder]);
  }
}

const SUPERBLOCK_AT = 1_024;
/** EXT4_FEATURE_INCOMPAT_RECOVER in s_feature_incompat. */
const [FEATURES_AT, NEEDS_RECOVERY] = [SUPERBLOCK_AT + 0x60, 0x4];

/** Whether the journal of `image` holds something to replay. */
export function needsReplay(image: Uint8Array): boolean {
  return (image[FEATURES_AT]! & NEEDS_RECOVERY) !== 0;
}
