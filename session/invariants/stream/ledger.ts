/**
 * What an invariant's checks over audit streams came to: how many there were, and which failed.
 *
 * @module
 */
import type { RecoveryBounds } from '../boundedRecovery.ts';
import type { AuditRecord, AuditStream } from './record.ts';

export interface Violation {
  readonly sentence: string;
  readonly writer: AuditStream['writer'];
  /** Of the event that gave it away. */
  readonly seq: number;
  readonly record: AuditRecord;
}

/** The bounds that the policy in force set. */
export interface Bounds extends RecoveryBounds {
  readonly maxSwitchesPerMinute: number;
  /**
   * What the policy of each version allows in 60 s. What was done under a version that is not in it is not held to a cap. Left
   * out: `maxSwitchesPerMinute` is for all versions.
   */
  readonly switchesMaxByVersion?: ReadonlyMap<number, number>;
  readonly penaltyMaxMs: number;
}

export class Ledger {
  checked = 0;
  readonly violations: Violation[] = [];
  /** Policy versions with events that no bound was known for. */
  readonly unjudgedVersions = new Set<number>();

  /** One check; `problem` says what is wrong, null that nothing is. */
  enter(problem: string | null, writer: AuditStream['writer'], record: AuditRecord): void {
    this.checked += 1;
    if (problem === null) return;
    this.violations.push({ sentence: problem, writer, seq: record.seq, record });
  }
}

/** `records` by what `keyOf` says of them, in their order; null: left out. */
export function groupBy(
  records: readonly AuditRecord[],
  keyOf: (record: AuditRecord) => string | null,
): ReadonlyMap<string, readonly AuditRecord[]> {
  const groups = new Map<string, AuditRecord[]>();
  for (const record of records) {
    const key = keyOf(record);
    if (key === null) continue;
    const own = groups.get(key);
    if (own === undefined) groups.set(key, [record]);
    else own.push(record);
  }
  return groups;
}

/** By session; what belongs to none is left out. */
export const bySession = (records: readonly AuditRecord[]) =>
  groupBy(records, ({ sessionId }) => sessionId);

export const byDevice = (records: readonly AuditRecord[]) =>
  groupBy(records, ({ device }) => device);
