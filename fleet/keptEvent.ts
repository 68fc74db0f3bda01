/**
 * An event of a device as the history keeps it, so that `jvpn audit --database` can judge it. Pure.
 *
 * What came is kept as it came, but for keys that no rule reads: whether it can be an event is the auditor's to say.
 *
 * @module
 */
import type { Heard } from './device.ts';
import type { Document } from './document.ts';
import type { EventNews } from './events.ts';

export interface KeptEvent {
  readonly stream: string;
  readonly boot: string;
  readonly seq: number;
  /** When it happened, ms since 1970: the device's word where that can be, or when it was heard. */
  readonly atMs: number;
  /** By the fleet's own clock, ms since 1970: how old it is, whatever the clock of its device says. */
  readonly heardAtMs: number;
  /** JSON of {@link KEYS}. */
  readonly text: string;
}

const KEYS = [
  ...(['event', 'reason_code', 'session_id', 'from', 'to', 'state_version', 'transport'] as const),
  ...(['policy_version', 'ts_ms', 'mono_ms', 'audit_seq', 'repeated', 'gap', 'detail'] as const),
] as const;

/** An agent's own has at most 1 KiB (`agent/events/document.ts`); chosen, with room for those of later versions. */
const TEXT_BYTES_MAX = 2_048;
/** A device without a clock says some day of 1970. */
const CLOCK_MIN_MS = Date.UTC(2020, 0);

/** Null: it is longer than any event. */
export function keptEvent(document: Document, news: EventNews, { atMs }: Heard): KeptEvent | null {
  const text = JSON.stringify(Object.fromEntries(KEYS.map((key) => [key, document[key] ?? null])));
  if (Buffer.byteLength(text) > TEXT_BYTES_MAX) return null;
  const { stream, boot, seq } = news;
  const saidMs = Math.round(Number(document['ts_ms']));
  const canBe = saidMs >= CLOCK_MIN_MS && saidMs <= atMs;
  return { stream, boot, seq, atMs: canBe ? saidMs : atMs, heardAtMs: atMs, text };
}
