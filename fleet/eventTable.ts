/**
 * The events of all devices in the history: written with the rest, and never more than a share of the file.
 *
 * Everything but `add` is called inside a transaction of the caller's.
 *
 * @module
 */
import type { Database, Statement } from 'bun:sqlite';
import type { Device } from './device.ts';
import type { KeptEvent } from './keptEvent.ts';
import { HEARD_MS } from './schema.ts';

/** Of the file (chosen): what else is remembered keeps three quarters of it. */
const SHARE = 1 / 4;
/** What a row takes beside its text, its two indexes included (measured over 200,000 rows: 136, and 8 for when it was heard). */
const ROW_BYTES = 148;
/** Rows that were heard before ?1, the oldest first. */
export const HEARD_BEFORE = `SELECT rowid FROM events WHERE ${HEARD_MS} < ?1 ORDER BY ${HEARD_MS}`;
/** Events that wait for their transaction (chosen); with more of them at once the oldest are not kept. */
const PENDING_MAX = 20_000;

export class EventTable {
  readonly #database: Database;
  readonly #bytesMax: number;
  readonly #put: Statement;
  /** What all of them take. Null: not counted yet. After a transaction that failed the caller puts back what it was. */
  bytes: number | null = null;
  #pending: { readonly device: Device; readonly event: KeptEvent }[] = [];

  constructor(database: Database, bytesMax: number) {
    this.#database = database;
    this.#bytesMax = bytesMax * SHARE;
    this.#put = database.prepare('INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?, ?)');
  }

  get isPending(): boolean {
    return this.#pending.length > 0;
  }

  /** Whose events wait. */
  get waiting(): readonly Device[] {
    return this.#pending.map(({ device }) => device);
  }

  get waitingBytes(): number {
    return this.#pending.reduce(
      (sum, { event }) => sum + Buffer.byteLength(event.text) + ROW_BYTES,
      0,
    );
  }

  /** @returns how many found no room. */
  add(device: Device, event: KeptEvent): number {
    this.#pending.push({ device, event });
    const over = Math.max(0, this.#pending.length - PENDING_MAX);
    if (over > 0) this.#pending.splice(0, over);
    return over;
  }

  /** All that wait. @returns whose they are. */
  write(): readonly Device[] {
    let bytes = 0;
    for (const { device, event } of this.#pending) {
      const { stream, seq, boot, atMs, heardAtMs, text } = event;
      const { changes } = this.#put.run(device.id, stream, seq, boot, atMs, text, heardAtMs);
      bytes += changes * (Buffer.byteLength(text) + ROW_BYTES);
    }
    if (this.bytes !== null) this.bytes += bytes;
    return this.waiting;
  }

  /** The transaction of {@link write} is through. */
  written(): void {
    this.#pending = [];
  }

  /** Those that came first, where all of them take more than their share. @returns how many went. */
  prune(rowsMax: number): number {
    this.bytes ??= this.#count();
    if (this.bytes <= this.#bytesMax) return 0;
    return this.#delete(`SELECT rowid FROM events ORDER BY rowid LIMIT ${rowsMax}`);
  }

  /** Those that were heard before `beforeMs`, whenever they happened. @returns how many went, at most `rowsMax`. */
  pruneOld(beforeMs: number, rowsMax: number): number {
    return this.#delete(`${HEARD_BEFORE} LIMIT ${rowsMax}`, beforeMs);
  }

  forget(device: number): void {
    this.#delete('SELECT rowid FROM events WHERE device = ?1', device);
  }

  close(): void {
    this.#put.finalize();
  }

  #delete(rows: string, ...bound: number[]): number {
    const gone = this.#database
      .query(`DELETE FROM events WHERE rowid IN (${rows}) RETURNING octet_length(event) AS length`)
      .all(...bound) as { length: number }[];
    const bytes = gone.reduce((sum, { length }) => sum + length + ROW_BYTES, 0);
    if (this.bytes !== null) this.bytes -= bytes;
    return gone.length;
  }

  #count(): number {
    const [row] = this.#database
      .query('SELECT count(*) AS rows, total(octet_length(event)) AS length FROM events')
      .all() as { rows: number; length: number }[];
    return (row?.length ?? 0) + (row?.rows ?? 0) * ROW_BYTES;
  }
}
