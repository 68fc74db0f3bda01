/**
 * What a file system that refuses something means: its error as one of our codes.
 *
 * @module
 */
import type { HalCode } from '../capabilities.ts';
import { type HalFailure, halFail } from '../result.ts';

const CODES = new Map<string, HalCode>([
  ['ENOSPC', 'storageFull'],
  ['EDQUOT', 'storageFull'],
  ['EROFS', 'storageReadOnly'],
  ['EACCES', 'storageDenied'],
  ['EPERM', 'storageDenied'],
]);

/** The system's own word for it, as `ENOSPC`. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}

/** @param what was tried, and on what. */
export function storageFailure(error: unknown, what: string): HalFailure {
  const errno = errnoOf(error);
  return halFail(CODES.get(errno) ?? 'storageFailed', `${what}: ${errno}`);
}
