/**
 * What a push needs to be gone on with: a JSON file that is written whole or not at all.
 *
 * It holds both policies, the new one and the one before, so that neither a changed file nor a broker that lost what it kept
 * changes what is taken back. No key and no password is in it.
 *
 * @module
 */
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory } from '../../hal/linux/flash.ts';
import { errnoOf } from '../../hal/linux/storageFailure.ts';
import { type Progress, STAGES } from '../../policies/rollout/plan.ts';
import { isTargetName, LEVELS, type Target } from '../../policies/signed/claims.ts';
import type { Times } from './pushDocument.ts';

export interface PushFile {
  readonly v: 1;
  readonly id: string;
  readonly fleet: string;
  readonly target: Target;
  readonly version: number;
  readonly revertVersion: number;
  /** Bodies of the documents, CBOR in base64. */
  readonly body: string;
  readonly revertBody: string;
  /** As on the command line. */
  readonly canary: string;
  readonly soak: string;
  readonly abortIf: string;
  /** Of the new policy's documents, seconds since 1970: signed again, they are the same bytes. */
  readonly notBeforeS: number;
  readonly expiresS: number;
  /** The same of the policy before, from when it is sent. None yet, or not known to the release that began it: those above. */
  readonly revertTimes?: Times;
  readonly progress: Progress;
}

/** Null: there is none yet. @throws Error where it cannot be read, or is something else. */
export function readPushFile(path: string): PushFile | null {
  let text: string;
  try {
    text = fs.readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  const value: unknown = parsed(text);
  if (!isPushFile(value)) throw new Error(`${path}: this is no state of a push`);
  return value;
}

/** The system calls made here, so that a test can look at their order. */
export type FileSystem = Pick<
  typeof fs,
  'openSync' | 'writeFileSync' | 'fsyncSync' | 'closeSync' | 'renameSync'
>;

/** Of a folder that may not be read, or a file system that syncs none: there nobody can do more. */
const UNSYNCED = ['EACCES', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP'];

/**
 * Beside its place first: whoever reads it reads the one before or this one. Durable when it returns: a power cut behind it leaves this
 * one, name included, where the folder can be synced at all. Throws what the system says.
 */
export function writePushFile(path: string, file: PushFile, system: FileSystem = fs): void {
  const fresh = `${path}.new`;
  const handle = system.openSync(fresh, 'w', 0o600);
  try {
    system.writeFileSync(handle, `${JSON.stringify(file, null, 2)}\n`);
    system.fsyncSync(handle);
  } finally {
    system.closeSync(handle);
  }
  system.renameSync(fresh, path);
  try {
    syncDirectory(system, dirname(path));
  } catch (error) {
    if (!UNSYNCED.includes(errnoOf(error))) throw error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isPushFile(value: unknown): value is PushFile {
  if (typeof value !== 'object' || value === null) return false;
  const file = value as Partial<Record<keyof PushFile, unknown>>;
  const texts = [file.id, file.fleet, file.body, file.revertBody, file.canary];
  const more = [file.soak, file.abortIf];
  const counts = [file.version, file.revertVersion, file.notBeforeS, file.expiresS];
  return (
    file.v === 1 &&
    [...texts, ...more].every((text) => typeof text === 'string') &&
    counts.every((count) => Number.isSafeInteger(count)) &&
    (file.revertTimes === undefined || isTimes(file.revertTimes)) &&
    isTarget(file.target) &&
    isProgress(file.progress)
  );
}

function isTimes(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { notBeforeS, expiresS } = value as Partial<Times>;
  return Number.isSafeInteger(notBeforeS) && Number.isSafeInteger(expiresS);
}

function isTarget(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { level, fleet, name } = value as Partial<Record<'level' | 'fleet' | 'name', unknown>>;
  const names = level === 'fleet' ? [name] : [fleet, name];
  const isLevel = typeof level === 'string' && Object.hasOwn(LEVELS, level);
  return isLevel && names.every((one) => typeof one === 'string' && isTargetName(one));
}

function isProgress(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { stage, canary, soakedMs, isWide, why } = value as Partial<Progress>;
  return (
    STAGES.some((known) => known === stage) &&
    Array.isArray(canary) &&
    canary.every((name) => typeof name === 'string' && isTargetName(name)) &&
    typeof soakedMs === 'number' &&
    typeof isWide === 'boolean' &&
    (why === null || typeof why === 'string')
  );
}
