/**
 * Replays audit streams against the invariants that streams can show.
 *
 * Pure: logs and the policy's bounds in, verdicts out. A verdict that checked nothing has proven nothing, so it
 * says how much it checked. I5, I6, I9, I11 and I12 leave no trace in these events: the daemons assert them.
 *
 * @module
 */
import { checkBoundedRecovery } from './boundedRecovery.ts';
import { checkBoundedSwitching } from './boundedSwitching.ts';
import { checkExplicit } from './explicit.ts';
import { type Bounds, Ledger, type Violation } from './ledger.ts';
import { checkNoRollback } from './noRollback.ts';
import { checkNoSilentReset } from './noSilentReset.ts';
import type { AuditStream } from './record.ts';
import { checkSingleBinding } from './singleBinding.ts';

type Check = (streams: readonly AuditStream[], bounds: Bounds, ledger: Ledger) => void;

// biome-ignore format: this is a table
const CHECKS: readonly (readonly [id: string, name: string, check: Check])[] = [
  ['I1', 'single-binding',    (streams, _, ledger) => checkSingleBinding(streams, ledger)],
  ['I2', 'no-silent-reset',   (streams, _, ledger) => checkNoSilentReset(streams, ledger)],
  ['I3', 'bounded-recovery',  checkBoundedRecovery],
  ['I4', 'no-rollback',       (streams, _, ledger) => checkNoRollback(streams, ledger)],
  ['I7', 'bounded-switching', checkBoundedSwitching],
  ['I8', 'explicit',          (streams, _, ledger) => checkExplicit(streams, ledger)],
];

export interface InvariantVerdict {
  readonly id: string;
  readonly name: string;
  readonly checked: number;
  readonly violations: readonly Violation[];
}

export function auditStreams(
  streams: readonly AuditStream[],
  bounds: Bounds,
): readonly InvariantVerdict[] {
  return CHECKS.map(([id, name, check]) => {
    const ledger = new Ledger();
    check(streams, bounds, ledger);
    return { id, name, checked: ledger.checked, violations: ledger.violations };
  });
}
