/**
 * I8 explicit, as a log shows it: every event is there once and has a reason that is in the table, and the
 * transitions of a session chain without a gap.
 *
 * @module
 */
import { isReasonCode } from '../../reasons.ts';
import type { State } from '../../transitions.ts';
import { strayTransition } from '../explicit.ts';
import { bySession, type Ledger } from './ledger.ts';
import type { AuditRecord, AuditStream } from './record.ts';

export function checkExplicit(streams: readonly AuditStream[], ledger: Ledger): void {
  for (const { writer, records } of streams) {
    checkSeq(writer, records, ledger);
    for (const own of bySession(records).values()) {
      let state: State | null = null;
      for (const record of own) {
        ledger.enter(moveFault(state, record), writer, record);
        state = stateAfter(state, record);
      }
    }
  }
}

function checkSeq(
  writer: AuditStream['writer'],
  records: readonly AuditRecord[],
  ledger: Ledger,
): void {
  let before: number | null = null;
  for (const record of records) {
    const isNext = before === null || record.seq === before + 1;
    ledger.enter(isNext ? null : `I8: seq ${record.seq} follows ${before}`, writer, record);
    before = record.seq;
  }
}

function moveFault(state: State | null, record: AuditRecord): string | null {
  const { reasonCode } = record;
  if (!isReasonCode(reasonCode)) return `I8: ${reasonCode} is no reason that is known`;
  return strayTransition(state, { ...record, reasonCode });
}

/** A restart is no transition: the device says where it goes on, the hub shows it with its next one. */
function stateAfter(state: State | null, record: AuditRecord): State | null {
  if (record.event === 'transition') return record.to;
  if (record.event !== 'notice') return state;
  if (record.reasonCode === 'agent_restarted') return 'RECOVERING';
  return record.reasonCode === 'hub_restarted' ? null : state;
}
