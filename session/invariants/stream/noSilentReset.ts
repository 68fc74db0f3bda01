/**
 * I2 no-silent-reset: the session changes only after the old one ended, and the new one names it.
 *
 * @module
 */
import type { Ledger } from './ledger.ts';
import type { AuditRecord, AuditStream } from './record.ts';

export function checkNoSilentReset(streams: readonly AuditStream[], ledger: Ledger): void {
  for (const { writer, records } of streams) {
    for (const device of new Set(records.map((record) => record.device))) {
      checkDevice(
        writer,
        records.filter((record) => record.device === device),
        ledger,
      );
    }
  }
}

function checkDevice(
  writer: AuditStream['writer'],
  records: readonly AuditRecord[],
  ledger: Ledger,
): void {
  let before: string | null = null;
  let hasEnded = false;
  let wasForgotten = false;
  for (const record of records) {
    // A device that lost its flash cannot name what it forgot; the hub ends that session and names it.
    if (record.reasonCode === 'flash_lost') wasForgotten = true;
    const { sessionId } = record;
    if (sessionId === null) continue;
    if (before !== null && sessionId === before) ledger.enter(null, writer, record);
    else if (before !== null) {
      const fault = wasForgotten ? null : changeFault(record, before, hasEnded);
      ledger.enter(fault, writer, record);
    }
    if (sessionId !== before) {
      before = sessionId;
      hasEnded = false;
      wasForgotten = false;
    }
    if (record.to === 'TERMINATED') hasEnded = true;
  }
}

/** The first event of a session after another one says that it is new, and after which. */
function changeFault(record: AuditRecord, before: string, hasEnded: boolean): string | null {
  const name = `session ${record.sessionId}`;
  if (!hasEnded) return `I2: ${name} appeared while ${before} had not ended`;
  const named = record.detail['previousSessionId'];
  return named === before ? null : `I2: ${name} follows ${before}, but names ${named ?? 'none'}`;
}
