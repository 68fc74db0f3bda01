/**
 * What a program under test says while it runs, one JSON line a mark, in the order of the disk's log.
 *
 * @module
 */
import { openSync, writeSync } from 'node:fs';

/** The device's memory. `saved`: a save was acknowledged; `began`: it was asked for. */
export type FlashMark =
  | { readonly kind: 'began'; readonly serial: number }
  | {
      readonly kind: 'saved';
      readonly serial: number;
      readonly ceiling: number;
      readonly session: number;
    }
  /** A version that the session goes out with from here on. */
  | { readonly kind: 'used'; readonly version: number }
  | { readonly kind: 'reserved'; readonly untilMs: number }
  | { readonly kind: 'policy'; readonly version: number };

/** The hub's store. `committed`: a swap was acknowledged; `began`: it was asked for. */
export type HubMark =
  | { readonly kind: 'enrolled'; readonly device: number }
  | {
      readonly kind: 'began' | 'committed';
      readonly device: number;
      readonly revision: number;
    }
  | { readonly kind: 'highWater'; readonly atMs: number };

/** The event store. `stored`: these numbers are on the medium, or were dropped and counted; `seen`: a reader has this one. */
export type EventMark =
  | { readonly kind: 'stored'; readonly first: number; readonly last: number }
  | { readonly kind: 'seen'; readonly seq: number };

/** Leaves marks on the disk: each is in the log when the call returns. */
export function marker<Mark extends FlashMark | HubMark | EventMark>(
  file: string,
): (mark: Mark) => void {
  const fd = openSync(file, 'r+');
  return (mark) => {
    writeSync(fd, JSON.stringify(mark), 0);
  };
}
