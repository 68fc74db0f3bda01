/**
 * Audit logs from disk, put together again: rotated parts in their order, each line an event with its place, and whose
 * log it is.
 *
 * ```text
 *   agent.jsonl.2, agent.jsonl.1, agent.jsonl   one log, oldest first
 * ```
 *
 * A line that is no event (torn by a power cut, or not of a log at all) is told with file and line, and passed over.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import {
  type AuditRecord,
  type AuditStream,
  decodeAuditLine,
} from '../../session/invariants/stream/record.ts';

/** What a date can be: ECMAScript, "Time Values and Time Range". */
export const WALL_MS_MAX = 8.64e15;

export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Wall clock of the event, ms since 1970, at most `WALL_MS_MAX` either way; null where the line has none. */
  readonly wallMs: number | null;
}

export interface Unreadable {
  readonly file: string;
  readonly line: number;
  readonly code: 'notJson' | 'notAnEvent';
}

/** Events that are missing between two others of one log, by their numbers. */
export interface Gap {
  readonly file: string;
  readonly line: number;
  readonly afterSeq: number;
  readonly seq: number;
}

export interface Log extends AuditStream {
  /** As given, oldest part first. */
  readonly files: readonly string[];
}

/** What an audit is of: logs, and what was wrong with them. */
export interface Sources {
  readonly logs: readonly Log[];
  readonly unreadable: readonly Unreadable[];
  readonly gaps: readonly Gap[];
  placeOf(record: AuditRecord): Place;
}

export class Logs implements Sources {
  readonly logs: Log[] = [];
  readonly unreadable: Unreadable[] = [];
  readonly gaps: Gap[] = [];
  readonly #places = new Map<AuditRecord, Place>();

  placeOf(record: AuditRecord): Place {
    return this.#places.get(record) ?? { file: '', line: 0, wallMs: null };
  }

  /** @throws what the system says of a file that cannot be read. */
  add(files: readonly string[]): void {
    const records = files.flatMap((file) => this.#read(file));
    this.#findGaps(records);
    this.logs.push({ files, records, writer: writerOf(records) });
  }

  #read(file: string): AuditRecord[] {
    const records: AuditRecord[] = [];
    for (const [at, text] of readFileSync(file, 'utf8').split('\n').entries()) {
      if (text === '') continue;
      const line = at + 1;
      const decoded = decodeAuditLine(text);
      if (decoded.ok) {
        this.#places.set(decoded.value, { file, line, wallMs: wallMsOf(text) });
        records.push(decoded.value);
      } else this.unreadable.push({ file, line, code: decoded.code });
    }
    return records;
  }

  #findGaps(records: readonly AuditRecord[]): void {
    for (const [at, record] of records.entries()) {
      const afterSeq = records[at - 1]?.seq ?? record.seq - 1;
      const { file, line } = this.placeOf(record);
      if (record.seq !== afterSeq + 1) this.gaps.push({ file, line, afterSeq, seq: record.seq });
    }
  }
}

/** `files` by log: the parts of one together, the oldest first. */
export function groupParts(files: readonly string[]): readonly (readonly string[])[] {
  const logs = new Map<string, { file: string; part: number }[]>();
  for (const file of new Set(files)) {
    const [, base = file, number = '0'] = /^(.*?)(?:\.(\d+))?$/s.exec(file) ?? [];
    const parts = logs.get(base) ?? [];
    parts.push({ file, part: Number(number) });
    logs.set(base, parts);
  }
  return [...logs.values()].map((parts) =>
    parts.sort((a, b) => b.part - a.part).map(({ file }) => file),
  );
}

/** A hub counts its own observations and epochs; a device leaves both at 0. */
function writerOf(records: readonly AuditRecord[]): AuditStream['writer'] {
  const isHub = records.some(
    ({ hubSeq, ownerEpoch, device }) => hubSeq > 0 || ownerEpoch > 0 || device === '',
  );
  return isHub ? 'hub' : 'device';
}

function wallMsOf(text: string): number | null {
  const { ts_ms: wallMs } = JSON.parse(text) as { ts_ms?: unknown };
  return typeof wallMs === 'number' && Math.abs(wallMs) <= WALL_MS_MAX ? wallMs : null;
}
