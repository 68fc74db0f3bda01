/**
 * An event as it is published: one row of the audit log, with a number of its own. Pure; docs/mqtt.md has the fields.
 *
 * @module
 */
import type { AuditRow } from '../../hal/linux/auditLog.ts';
import type { EventKind } from './keep.ts';
import { encodeLine, type LineValue } from './line.ts';

/** Of one event in memory or on flash (chosen); beyond it goes without its detail. */
const LINE_BYTES_MAX = 1_024;
/** Sent later than this it says `historical` (chosen): what follows a lost link within it is news. */
const NEWS_MS = 10_000;

export interface EventPlace {
  readonly stream: string;
  readonly boot: string;
  readonly seq: number;
  /** Events of the same code that were not published since the one before, because they came within a minute. */
  readonly repeated: number;
}

/** Numbers in front of an event that never come. */
export interface Gap {
  readonly from_seq: number;
  readonly to_seq: number;
  /** `dropped`: all of them were events, for which there was no room. `cut`: some may never have been given, or may have come. */
  readonly why: 'dropped' | 'cut';
}

/** As it waits: everything but what is known when it is sent. */
export function eventLine(row: AuditRow & { readonly event: EventKind }, place: EventPlace) {
  const fields = {
    v: 1,
    ...place,
    ts_ms: row.ts_ms,
    mono_ms: Math.round(row.mono_ms),
    event: row.event,
    reason_code: row.reason_code,
    session_id: row.session_id,
    from: row.from,
    to: row.to,
    state_version: row.state_version,
    transport: row.transport,
    policy_version: row.policy_version,
    audit_seq: row.seq,
    detail: row.detail,
  };
  const line = encodeLine(fields);
  return line.length <= LINE_BYTES_MAX ? line : encodeLine({ ...fields, detail: null });
}

/** @param now the process that sends it, and its time since the machine's boot. */
export function eventDocument(
  fields: LineValue,
  gap: Gap | null,
  now: { readonly boot: string; readonly monoMs: number },
) {
  const isLate = now.monoMs - Number(fields['mono_ms']) > NEWS_MS;
  return { ...fields, historical: fields['boot'] !== now.boot || isLate, gap };
}
