/**
 * Files in one folder that only grow, until they are removed.
 *
 * What is appended is with the system at once, and on the medium when it was synced: a process that is killed loses nothing, a
 * power cut loses what was not synced, in any part and any order. Knows nothing of what they hold.
 *
 * @module
 */
import type { HalResult } from './result.ts';

export type SegmentResult = HalResult<null>;

export interface Segments {
  /** What is there, in no order. */
  names(): readonly string[];
  /** Null: it is not there, or cannot be read. */
  read(name: string): Uint8Array | null;
  /** At the end of `name`, which is made where it is not there. One that failed may have written a part. */
  append(name: string, bytes: Uint8Array): SegmentResult;
  /** Put on the medium what was appended to `name` before this call, and its name. `onDone` comes once, never before this returns. */
  sync(name: string, onDone: (result: SegmentResult) => void): void;
  /** The same, waited for. */
  syncNow(name: string): SegmentResult;
  /** What is removed may be back after a power cut. One that is not there is removed. */
  remove(name: string): SegmentResult;
  /** Bytes handed to the system since it was opened. */
  readonly writtenBytes: number;
}
