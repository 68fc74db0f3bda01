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

export interface Change {
  readonly kind: ChangeKind;
  /** Wall clock of the fleet; of what is late the device's own word for it, as far as that can be. */
  readonly atMs: number;
  /** Reason code (docs/reasons.md), or null. */
  readonly reason: string | null;
  readonly from: string | null;
  readonly to: string | null;
  /** How often, from 1: several of one kind may lie between two reports. */
  readonly count: number;
  /** Happened while nobody listened: learned from what the broker had kept. */
  readonly isLate: boolean;
}
