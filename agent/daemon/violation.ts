/**
 * The end of a session whose invariant broke: nothing of its state may be used any more.
 *
 * Its end is written down, and the last events are dumped.
 *
 * @module
 */
import type { AuditRow } from '../../hal/linux/auditLog.ts';
import type { AuditEvent } from '../../session/audit.ts';
import { stateAfter } from '../../session/invariants/explicit.ts';
import type { State } from '../../session/transitions.ts';

export interface ViolationParts {
  /** The newest events, the newest last. */
  readonly recent: () => readonly AuditRow[];
  /** Makes the end durable; its state version. */
  readonly endSession: (reasonCode: 'invariant_violated') => number;
  readonly note: (
    event: AuditEvent['event'],
    detail: AuditEvent['detail'],
    change: Partial<AuditEvent>,
  ) => void;
}

export function tellViolation(claim: string, { recent, endSession, note }: ViolationParts): void {
  const rows = recent();
  const from = rows.reduce<State | null>(
    (state, { event, reason_code, to }) =>
      stateAfter(state, { event, reasonCode: reason_code, to }),
    null,
  );
  const stateVersion = rows.at(-1)?.state_version ?? 0;
  note('alarm', { claim }, { stateVersion });
  const endVersion = endSession('invariant_violated');
  if (from !== null && from !== 'TERMINATED') {
    note('transition', { claim }, { stateVersion: endVersion, from, to: 'TERMINATED' });
  }
  for (const row of recent()) console.error(JSON.stringify(row));
}
