/**
 * What an invariant's checks over audit streams came to: how many there were, and which failed.
 *
 * @module
 */
import type { AuditRecord, AuditStream } from './record.ts';

export interface Violation {
  readonly sentence: string;
  readonly writer: AuditStream['writer'];
  /** Of the event that gave it away. */
  readonly seq: number;
}

/** The bounds that the policy in force set. */
export interface Bounds {
  readonly ttlMs: number;
  readonly transportTtlMs: number;
  readonly recoveryWindowMs: number;
  readonly maxSwitchesPerMinute: number;
}

export class Ledger {
  checked = 0;
  readonly violations: Violation[] = [];

  /** One check; `problem` says what is wrong, null that nothing is. */
  enter(problem: string | null, writer: AuditStream['writer'], { seq }: AuditRecord): void {
    this.checked += 1;
    if (problem !== null) this.violations.push({ sentence: problem, writer, seq });
  }
}

/** `records` by session, in their order; what belongs to no session is left out. */
export function bySession(
  records: readonly AuditRecord[],
): ReadonlyMap<string, readonly AuditRecord[]> {
  const sessions = new Map<string, AuditRecord[]>();
  for (const record of records) {
    if (record.sessionId === null) continue;
    const own = sessions.get(record.sessionId);
    if (own === undefined) sessions.set(record.sessionId, [record]);
    else own.push(record);
  }
  return sessions;
}
