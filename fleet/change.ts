/**
 * What the history remembers of one device: only what changed, and when the fleet heard of it. Pure.
 *
 * @module
 */

/** As the database has them: written out, and never another meaning for one. */
export const CHANGE_KIND = {
  state: 0,
  switch: 1,
  refused: 2,
  presence: 3,
  policy: 4,
  terminated: 5,
  gap: 6,
  noticed: 7,
  document: 8,
} as const;
export type ChangeKind = keyof typeof CHANGE_KIND;

/**
 * What one row counts for at most (chosen): more than any device does of one thing within a day. Numbers are what a device says, and no sum
 * of them may overflow.
 */
export const COUNT_MAX = 1_000_000;

/** How many numbers lie in between, both ends included. */
export const countBetween = (fromSeq: number, toSeq: number): number =>
  Math.min(COUNT_MAX, toSeq - fromSeq + 1);

export interface Change {
  readonly kind: ChangeKind;
  /** Wall clock of the fleet; of what is late the device's own word for it, as far as that can be. */
  readonly atMs: number;
  /** Reason code (docs/reasons.md), or null. */
  readonly reason: string | null;
  readonly from: string | null;
  readonly to: string | null;
  /** How often, 1…{@link COUNT_MAX}: several of one kind may lie between two reports. */
  readonly count: number;
  /** Happened while nobody listened: learned from what the broker had kept. */
  readonly isLate: boolean;
}
