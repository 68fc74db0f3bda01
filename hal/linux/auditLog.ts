/**
 * The audit log on disk: JSON lines, rotated, numbered across restarts, and the last 256 in memory.
 *
 * ```text
 *   agent.jsonl     newest, at most bytesMax
 *   agent.jsonl.1   … agent.jsonl.N: older ones, N = filesMax; the oldest is deleted
 * ```
 *
 * Lines go to the kernel at once (a killed process loses none) and are not synced (flash is not worn
 * out by them; a power cut may lose the newest, and its torn line is closed at the next start). A
 * disk that is full or gone costs lines, never the caller (I10): nothing here throws, what was lost
 * is counted, and `seq` shows the gap.
 *
 * Source: docs/protocol.md, "Audit events".
 *
 * @module
 */
import { closeSync, fstatSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import type { AuditEvent } from '../../session/audit.ts';

/** Events kept in memory for `jvpn events` and for the last words of a broken invariant. */
export const RECENT_MAX = 256;
/** After a failed write the disk is left alone for so long. Chosen. */
const RETRY_MS = 1_000;
/** Longest tail read to find the last `seq`; a line is far shorter. */
const TAIL_BYTES = 65_536;

export interface AuditOptions {
  readonly file: string;
  /** A line that would make the file longer starts a new one. */
  readonly bytesMax: number;
  /** Rotated files kept beside the newest. */
  readonly filesMax: number;
  readonly wallMs: () => number;
  readonly policyVersion: () => number;
}

/** One line, field for field. */
export interface AuditRow {
  readonly ts_ms: number;
  readonly mono_ms: number;
  /** Strictly growing over restarts; a gap is a lost event. */
  readonly seq: number;
  readonly event: AuditEvent['event'];
  readonly device: string;
  readonly session_id: string | null;
  readonly from: AuditEvent['from'];
  readonly to: AuditEvent['to'];
  readonly state_version: number;
  readonly hub_seq: number;
  readonly owner_epoch: number;
  readonly reason_code: AuditEvent['reasonCode'];
  readonly transport: string | null;
  readonly policy_version: number;
  readonly detail: AuditEvent['detail'];
}

export interface AuditStatus {
  readonly file: string;
  readonly seq: number;
  readonly written: number;
  readonly lost: number;
  readonly rotations: number;
  /** Why the newest lost line was lost, or null if none was. */
  readonly last_failure: string | null;
}

export function openAuditLog(options: AuditOptions): AuditLog {
  return new AuditLog(options);
}

export class AuditLog {
  readonly #options: AuditOptions;
  readonly #recent: AuditRow[] = [];
  #fd: number | null = null;
  #fileBytes = 0;
  /** The last write stopped inside a line. */
  #isTorn = false;
  #seq = 0;
  #written = 0;
  #lost = 0;
  #rotations = 0;
  #lastFailure: string | null = null;
  #retryAtMs = 0;

  constructor(options: AuditOptions) {
    this.#options = options;
    this.#seq = lastSeq(options.file) ?? lastSeq(`${options.file}.1`) ?? 0;
  }

  /** Stamp and keep one event. Never throws, never waits for anything but the kernel's page cache. */
  append(event: AuditEvent): AuditRow {
    this.#seq += 1;
    const row = rowOf(event, this.#seq, this.#options);
    this.#recent.push(row);
    if (this.#recent.length > RECENT_MAX) this.#recent.shift();
    try {
      this.#write(Buffer.from(`${JSON.stringify(row)}\n`));
      this.#written += 1;
    } catch (error) {
      this.#onFailure(error);
    }
    return row;
  }

  /** The newest `count` rows, oldest first. */
  recent(count: number): readonly AuditRow[] {
    return count <= 0 ? [] : this.#recent.slice(-count);
  }

  status(): AuditStatus {
    return {
      file: this.#options.file,
      seq: this.#seq,
      written: this.#written,
      lost: this.#lost,
      rotations: this.#rotations,
      last_failure: this.#lastFailure,
    };
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #write(line: Uint8Array): void {
    if (this.#options.wallMs() < this.#retryAtMs) throw new Error(this.#lastFailure ?? 'waiting');
    let fd = this.#fd ?? this.#open();
    if (this.#fileBytes > 0 && this.#fileBytes + line.length > this.#options.bytesMax) {
      fd = this.#rotate();
    }
    if (this.#isTorn) this.#put(fd, NEWLINE);
    this.#isTorn = true;
    this.#put(fd, line);
    this.#isTorn = false;
  }

  #put(fd: number, bytes: Uint8Array): void {
    const count = writeSync(fd, bytes);
    this.#fileBytes += count;
    if (count < bytes.length) throw new Error('the disk took only a part of a line');
  }

  #open(): number {
    const fd = openSync(this.#options.file, 'a+', 0o600);
    this.#fd = fd;
    this.#fileBytes = fstatSync(fd).size;
    const last = new Uint8Array(1);
    const hasLine = this.#fileBytes > 0 && readSync(fd, last, 0, 1, this.#fileBytes - 1) === 1;
    this.#isTorn = hasLine && last[0] !== NEWLINE[0];
    return fd;
  }

  #rotate(): number {
    const { file, filesMax } = this.#options;
    this.close();
    for (let number = filesMax - 1; number >= 1; number--) {
      renameIfThere(`${file}.${number}`, `${file}.${number + 1}`);
    }
    renameIfThere(file, `${file}.1`);
    this.#rotations += 1;
    return this.#open();
  }

  #onFailure(error: unknown): void {
    this.#lost += 1;
    const nowMs = this.#options.wallMs();
    // A clock that was set back must not keep the log closed: at most one wait ahead.
    if (nowMs < this.#retryAtMs && this.#retryAtMs - nowMs <= RETRY_MS) return;
    this.#lastFailure = error instanceof Error ? error.message : String(error);
    this.#retryAtMs = nowMs + RETRY_MS;
    try {
      this.close(); // the file may have been removed or remounted: open it anew
    } catch {
      this.#fd = null;
    }
  }
}

const NEWLINE = new Uint8Array([0x0a]);

function rowOf(event: AuditEvent, seq: number, options: AuditOptions): AuditRow {
  return {
    ts_ms: Math.round(options.wallMs()),
    mono_ms: Math.round(event.atMs * 1_000) / 1_000,
    seq,
    event: event.event,
    device: event.device,
    session_id: event.sessionId,
    from: event.from,
    to: event.to,
    state_version: event.stateVersion,
    hub_seq: event.hubSeq,
    owner_epoch: event.ownerEpoch,
    reason_code: event.reasonCode,
    transport: event.transport,
    policy_version: options.policyVersion(),
    detail: event.detail,
  };
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

/** The number of the last whole line, or null where there is none to read. */
function lastSeq(file: string): number | null {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return null;
  }
  try {
    const { size } = fstatSync(fd);
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const count = readSync(fd, tail, 0, tail.length, size - tail.length);
    const lines = tail.toString('utf8', 0, count).split('\n').reverse();
    return lines.map(seqOf).find((seq) => seq !== null) ?? null;
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}

function seqOf(line: string): number | null {
  try {
    const row: unknown = JSON.parse(line);
    if (typeof row !== 'object' || row === null || !('seq' in row)) return null;
    return Number.isSafeInteger(row.seq) ? Number(row.seq) : null;
  } catch {
    return null; // a torn line
  }
}
