/**
 * What in audit logs needs a look, and what to look at first: each reason of weight once, in the words of the one table.
 *
 * Pure: records in, rows and lines out.
 *
 * @module
 */
import type { AuditRecord } from '../../session/invariants/stream/record.ts';
import { isReasonCode, type ReasonCode, reasonOf, type Severity } from '../../session/reasons.ts';

const WEIGHTY: readonly Severity[] = ['warning', 'alarm'];
/** Transports that are named of one reason; the others are in the log. */
const TRANSPORTS_MAX = 8;

export interface Advice {
  readonly reason_code: ReasonCode;
  readonly severity: Severity;
  /** Events, of both ends together. */
  readonly count: number;
  /** `link→endpoint` of those that name one, each once, at most {@link TRANSPORTS_MAX}. */
  readonly transports: readonly string[];
  readonly sentence: string;
  readonly hint: string;
}

/** In the order in which the reasons come first. */
export function adviceOf(records: readonly AuditRecord[]): readonly Advice[] {
  const byCode = new Map<ReasonCode, AuditRecord[]>();
  for (const record of records) {
    const { reasonCode } = record;
    if (!isReasonCode(reasonCode) || !WEIGHTY.includes(reasonOf(reasonCode).severity)) continue;
    const known = byCode.get(reasonCode);
    if (known === undefined) byCode.set(reasonCode, [record]);
    else known.push(record);
  }
  return [...byCode].map(([code, of]) => {
    const { severity, sentence, hint } = reasonOf(code);
    const transports = [...new Set(of.flatMap(({ transport }) => transport ?? []))];
    const named = transports.slice(0, TRANSPORTS_MAX);
    return { reason_code: code, severity, count: of.length, transports: named, sentence, hint };
  });
}

export function adviceLines(advice: readonly Advice[]): readonly string[] {
  return advice.flatMap(({ reason_code, severity, count, transports, sentence, hint }) => [
    '',
    `${severity} ${reason_code}, ${count} ${count === 1 ? 'event' : 'events'}${transports.length === 0 ? '' : `: ${transports.join(', ')}`}`,
    `  ${sentence}`,
    `  ${hint}`,
  ]);
}
