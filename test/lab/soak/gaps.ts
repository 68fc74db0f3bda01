/**
 * Whether a log is whole: every line an event, numbered without a gap over restarts and rotated files. Pure.
 *
 * @module
 */
import { type AuditRecord, decodeAuditLine } from '../../../session/invariants/stream/record.ts';

export interface LogJudged {
  readonly records: readonly AuditRecord[];
  /** In words; none for a whole log. */
  readonly faults: readonly string[];
}

/** @param texts oldest file first, from the first that was ever written. */
export function judgeLog(texts: readonly string[]): LogJudged {
  const records: AuditRecord[] = [];
  const faults: string[] = [];
  let before = 0;
  for (const line of texts.join('').split('\n')) {
    if (line === '') continue;
    const decoded = decodeAuditLine(line);
    if (!decoded.ok) {
      faults.push(`${decoded.code}: ${line.slice(0, 80)}`);
      continue;
    }
    const { seq } = decoded.value;
    if (seq !== before + 1) faults.push(`seq ${seq} after ${before}`);
    before = seq;
    records.push(decoded.value);
  }
  if (records.length === 0) faults.push('no event at all');
  return { records, faults };
}
