/**
 * The newest audit events as one text that fits into a message: JSON lines, compressed, in base64.
 *
 * Events hold no secret (`session/audit.ts`).
 *
 * @module
 */
import type { AuditRow } from '../hal/linux/auditLog.ts';

/** What a reader takes in one packet is 64 KiB, with the rest of the answer. */
export const LOG_TEXT_MAX = 49_152;

/** @param textMax of `log`, in characters. */
export function collectLog(rows: readonly AuditRow[], textMax: number) {
  let kept = rows;
  let log = textOf(kept);
  // Fewer, until it fits: the newest are the ones that are asked for.
  while (log.length > textMax && kept.length > 0) {
    kept = kept.slice(Math.ceil(kept.length / 4));
    log = textOf(kept);
  }
  return {
    ...{ log_type: 'application/x-ndjson', log_encoding: 'gzip, base64' },
    ...{ log_events: kept.length, log_omitted: rows.length - kept.length },
    log: log.length > textMax ? '' : log,
  };
}

function textOf(rows: readonly AuditRow[]): string {
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  return Bun.gzipSync(new TextEncoder().encode(lines)).toBase64();
}
