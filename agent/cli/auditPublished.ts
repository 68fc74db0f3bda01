/**
 * A row of the fleet's history as the event that a device published. Pure.
 *
 * @module
 */
import { type AuditRecord, decodeAuditLine } from '../../session/invariants/stream/record.ts';
import { WALL_MS_MAX } from './auditFiles.ts';

export interface StreamRow {
  readonly seq: number;
  readonly boot: string;
  /** JSON of an event as it was published (docs/mqtt.md). */
  readonly text: string;
}

/** A row that is an event. */
export interface Published {
  readonly record: AuditRecord;
  readonly boot: string;
  /** How many of its code were not published since the one before. */
  readonly repeated: number;
  /** It was too long to be published with its detail. */
  readonly isBare: boolean;
  /** Wall clock of the device, or null. */
  readonly wallMs: number | null;
  /** Numbers right before it that the device says are missing. */
  readonly gap: { readonly fromSeq: number; readonly toSeq: number; readonly why: string } | null;
}

/** Null: it is no event. What is published has no clocks of a hub. */
export function publishedOf(device: string, { seq, boot, text }: StreamRow): Published | null {
  const fields = fieldsOf(text);
  if (fields === null) return null;
  const detail = fields['detail'] ?? {};
  const row = { ...fields, seq, device, hub_seq: 0, owner_epoch: 0, detail };
  const decoded = decodeAuditLine(JSON.stringify(row));
  if (!decoded.ok) return null;
  const { repeated, ts_ms: wallMs } = fields;
  return {
    ...{ record: decoded.value, boot, isBare: (fields['detail'] ?? null) === null },
    repeated: typeof repeated === 'number' ? repeated : 0,
    wallMs: typeof wallMs === 'number' && Math.abs(wallMs) <= WALL_MS_MAX ? wallMs : null,
    gap: gapOf(fields['gap']),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(text: string): Fields | null {
  try {
    const fields: unknown = JSON.parse(text);
    return typeof fields === 'object' && fields !== null ? (fields as Fields) : null;
  } catch {
    return null;
  }
}

function gapOf(value: unknown): Published['gap'] {
  if (typeof value !== 'object' || value === null) return null;
  const { from_seq: fromSeq, to_seq: toSeq, why } = value as Fields;
  const isWhole = Number.isSafeInteger(fromSeq) && Number.isSafeInteger(toSeq);
  return isWhole ? { fromSeq: Number(fromSeq), toSeq: Number(toSeq), why: String(why) } : null;
}
