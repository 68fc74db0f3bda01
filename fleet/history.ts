/**
 * What is remembered: what changed on each device, and roll-ups of the whole fleet, in SQLite.
 *
 * Written in batches, one transaction each, with the memory of the devices whose changes are in it: after a crash
 * nothing is counted twice. Bounded by age and by bytes; the oldest goes first.
 *
 * @module
 */
import type { Database, Statement } from 'bun:sqlite';
import { CHANGE_KIND, type Change } from './change.ts';
import { type Closed, HOUR_MS, MINUTE_MS } from './day.ts';
import { type Device, type DeviceMemory, newMemory } from './device.ts';
import { EventTable } from './eventTable.ts';
import type { KeptEvent } from './keptEvent.ts';
import { openDatabase, usedBytes } from './schema.ts';
import { mergeInto, newSpan, spanOf, spanText } from './span.ts';

/** Minutes are kept this long (chosen); behind them hours say it. */
export const MINUTES_KEPT_MS = 7 * 24 * HOUR_MS;
const DAY_MS = 24 * HOUR_MS;
/** Rows that one turn deletes (chosen): some milliseconds of the event loop. */
const PRUNE_ROWS = 4_000;
/** Pages that go back to the file system in a turn. */
const VACUUM_PAGES = 1_000;
/** Changes that wait for their transaction (chosen); with more of them at once the oldest are counted as dropped. */
const PENDING_MAX = 100_000;
/**
 * After so many memories of devices what was made to write them is given back (chosen): when something happens to all of a large fleet at
 * once, the heap would grow by a hundred megabytes before it does so by itself. Otherwise once a minute.
 */
const TEXTS_MAX = 2_000;
/** The share of `bytesMax` that pruning leaves. */
const ROOM = 0.95;
/** What a row of changes takes with its indexes, rounded up. */
const CHANGE_BYTES = 200;
const MIB = 1_048_576;

export interface HistoryBounds {
  readonly retentionDays: number;
  readonly bytesMax: number;
}

interface SpanRow {
  readonly at_ms: number;
  readonly span: string;
}

export type OpenedHistory =
  | { readonly ok: true; readonly value: History }
  | { readonly ok: false; readonly message: string };

/** Opens the history in `file`, or makes it; for this process alone, until {@link History.close}. The message is for a person. */
export function openHistory(file: string, bounds: HistoryBounds): OpenedHistory {
  const opened = openDatabase(file, bounds.bytesMax);
  return opened.ok ? { ok: true, value: new History(opened.value, bounds) } : opened;
}

export class History {
  /** Changes that found no room, and rows that the database does not take. */
  dropped = 0;
  /** Transactions that failed: a full disk, say. */
  failures = 0;
  /** Why what was heard last could not be written, or null. */
  lastError: string | null = null;
  readonly database: Database;
  readonly #bounds: HistoryBounds;
  readonly #events: EventTable;
  readonly #putChange: Statement;
  readonly #putDevice: Statement;
  readonly #putMinute: Statement;
  readonly #putHour: Statement;
  #error: string | null = null;
  #isFull = false;
  /** What waits would take; 0 unless there was no room for it. */
  #waitingBytes = 0;
  /** What `bytesMax` would have to be, once all that may go is gone and the rest has no room; or null. */
  #neededBytes: number | null = null;
  /** Memories of devices that were written. */
  #texts = 0;
  #pending: { readonly device: Device; readonly change: Change }[] = [];

  constructor(database: Database, bounds: HistoryBounds) {
    this.database = database;
    this.#bounds = bounds;
    this.#events = new EventTable(database, bounds.bytesMax);
    this.#putChange = database.prepare('INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
    // A row of that name that could not be deleted once must not keep this one out.
    this.#putDevice = database.prepare('INSERT OR REPLACE INTO devices VALUES (?, ?, ?)');
    this.#putMinute = database.prepare('INSERT OR REPLACE INTO minutes VALUES (?, ?)');
    this.#putHour = database.prepare('INSERT OR REPLACE INTO hours VALUES (?, ?)');
  }

  /** Each device of an earlier run; one whose memory cannot be read is as new. */
  restore(onDevice: (id: number, name: string, memory: DeviceMemory) => void): void {
    const rows = this.database.query('SELECT id, name, memory FROM devices').iterate();
    for (const row of rows as Iterable<{ id: number; name: string; memory: string }>) {
      onDevice(row.id, row.name, memoryOf(row.memory) ?? newMemory());
    }
  }

  /** Minutes that began at `sinceMs` or later, the oldest first. */
  minutesSince(sinceMs: number): Closed[] {
    return this.spans('minutes', sinceMs, Number.MAX_SAFE_INTEGER);
  }

  /** When the last minute began that was written, or null. */
  newestMinuteMs(): number | null {
    const row = this.database.query('SELECT max(at_ms) AS at_ms FROM minutes').get();
    return (row as { at_ms: number | null }).at_ms;
  }

  /** @param toMs left out itself. */
  spans(table: 'minutes' | 'hours', fromMs: number, toMs: number): Closed[] {
    const rows = this.database
      .query(`SELECT at_ms, span FROM ${table} WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms`)
      .all(fromMs, toMs) as SpanRow[];
    return rows.map(({ at_ms, span }) => ({ atMs: at_ms, span: spanOf(span) }));
  }

  /** To be written with the next {@link flush}. */
  remember(device: Device, changes: readonly Change[]): void {
    for (const change of changes) this.#pending.push({ device, change });
    const over = this.#pending.length - PENDING_MAX;
    if (over <= 0) return;
    this.#pending.splice(0, over);
    this.dropped += over;
  }

  /** As {@link remember}; one that is kept already is the same one. */
  keep(device: Device, event: KeptEvent): void {
    this.dropped += this.#events.add(device, event);
  }

  get isPending(): boolean {
    return this.#pending.length > 0 || this.#events.isPending;
  }

  /** What an operator has to know, in words: why nothing is written, or no change kept. Null: all is well. */
  get trouble(): string | null {
    if (this.#neededBytes !== null) {
      const needed = `it needs at least ${this.#neededBytes} bytes`;
      return `history.bytes_max = ${this.#bounds.bytesMax} is too small for what is known of the devices, and no change is kept: ${needed}`;
    }
    return this.lastError === null ? null : `the history cannot be written: ${this.lastError}`;
  }

  /** Everything that waits, and `minutes`, all or nothing. False: it failed, and waits on. */
  flush(minutes: readonly Closed[]): boolean {
    const pending = this.#pending;
    const isDone = this.#inTransaction(() => {
      for (const { device, change } of pending) this.#writeChange(device.id, change);
      const withEvents = this.#events.write();
      const changed = new Set([...pending.map(({ device }) => device), ...withEvents]);
      for (const device of changed) this.#writeDevice(device);
      for (const { atMs, span } of minutes) this.#put(this.#putMinute, atMs, spanText(span));
    });
    if (isDone) {
      this.#pending = [];
      this.#events.written();
    }
    this.lastError = isDone ? null : this.#error;
    this.#waitingBytes = !isDone && this.#isFull ? this.#bytesOfWaiting() : 0;
    return isDone;
  }

  /** The memory of all, at an orderly end. */
  save(devices: Iterable<Device>): boolean {
    return this.#inTransaction(() => {
      for (const device of devices) this.#writeDevice(device);
    });
  }

  /** The hour of `atMs` again, from its minutes. */
  sumHour(atMs: number): boolean {
    const hourMs = Math.floor(atMs / HOUR_MS) * HOUR_MS;
    return this.#inTransaction(() => {
      const sum = newSpan();
      for (const { span } of this.spans('minutes', hourMs, hourMs + HOUR_MS)) mergeInto(sum, span);
      this.#put(this.#putHour, hourMs, spanText(sum));
    });
  }

  /** Devices that are none of the fleet any more. */
  forget(devices: readonly Device[]): void {
    if (devices.length === 0) return;
    this.#inTransaction(() => {
      const gone = this.database.query('DELETE FROM devices WHERE id = ?');
      const told = this.database.query('DELETE FROM changes WHERE device = ?');
      for (const { id } of devices) {
        gone.run(id);
        told.run(id);
        this.#events.forget(id);
      }
    });
  }

  /**
   * Some of what is too old, and of what has no room. True: there is more of it.
   *
   * @param nowMs null: nobody knows what is old; what has no room goes all the same.
   */
  prune(nowMs: number | null): boolean {
    let deleted = 0;
    const isDone = this.#inTransaction(() => {
      if (nowMs !== null) deleted = this.#deleteOld(nowMs);
      deleted += this.#events.prune(PRUNE_ROWS);
      const bytes = this.usedBytes() + this.#waitingBytes;
      const isCrowded = bytes > this.#bounds.bytesMax * ROOM;
      if (isCrowded) deleted += this.#deleteFirst();
      if (!isCrowded) this.#neededBytes = null;
      else if (deleted === 0 && bytes > (this.#neededBytes ?? 0)) {
        this.#neededBytes = Math.ceil((2 * bytes) / MIB) * MIB;
      }
    });
    // What was rolled back is still there: the next minute tries again.
    if (!isDone) return false;
    if (deleted > 0) this.#vacuum();
    return deleted >= PRUNE_ROWS;
  }

  usedBytes(): number {
    return usedBytes(this.database);
  }

  close(): void {
    this.#events.close();
    // SQLite keeps a file open, and locked, for as long as there is a statement.
    for (const put of [this.#putChange, this.#putDevice, this.#putMinute, this.#putHour]) {
      put.finalize();
    }
    this.database.close();
  }

  /** It writes, too, and a disk may have no room for that. */
  #vacuum(): void {
    this.#attempt(() => this.database.run(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`));
  }

  #deleteOld(nowMs: number): number {
    const oldestMs = nowMs - this.#bounds.retentionDays * DAY_MS;
    this.database.run('DELETE FROM hours WHERE at_ms < ?', [oldestMs]);
    const minuteMs = Math.max(oldestMs, nowMs - MINUTES_KEPT_MS) - MINUTE_MS;
    this.database.run('DELETE FROM minutes WHERE at_ms < ?', [minuteMs]);
    const old = `SELECT rowid FROM changes WHERE at_ms < ? ORDER BY at_ms LIMIT ${PRUNE_ROWS}`;
    const events = this.#events.pruneOld(oldestMs, PRUNE_ROWS);
    const changes = this.database.run(`DELETE FROM changes WHERE rowid IN (${old})`, [oldestMs]);
    return events + changes.changes;
  }

  /** Those that were written first, whatever time they bear. */
  #deleteFirst(): number {
    const first = `SELECT rowid FROM changes ORDER BY rowid LIMIT ${PRUNE_ROWS}`;
    return this.database.run(`DELETE FROM changes WHERE rowid IN (${first})`).changes;
  }

  #writeChange(device: number, change: Change): void {
    const { atMs, kind, reason, from, to, count, isLate } = change;
    const row = [device, atMs, CHANGE_KIND[kind], reason, from, to, count, Number(isLate)];
    this.#put(this.#putChange, ...row);
  }

  #writeDevice(device: Device): void {
    this.#put(this.#putDevice, device.id, device.name, memoryText(device));
    this.#texts += 1;
    if (this.#texts % TEXTS_MAX === 0) Bun.gc(true);
  }

  /** What is wrong with one row is no fault of the others: it is left out. Whatever else fails is a matter of them all. */
  #put(statement: Statement, ...row: Parameters<Statement['run']>): void {
    try {
      statement.run(...row);
    } catch (error) {
      if (!isFaultOfRow(error)) throw error;
      this.dropped += 1;
    }
  }

  /** About what the next transaction takes. */
  #bytesOfWaiting(): number {
    let bytes = this.#pending.length * CHANGE_BYTES + this.#events.waitingBytes;
    const devices = [...this.#pending.map(({ device }) => device), ...this.#events.waiting];
    // Rows of two kilobytes leave half of their pages empty.
    for (const device of new Set(devices)) bytes += 2 * memoryText(device).length;
    return bytes;
  }

  #inTransaction(work: () => void): boolean {
    const { bytes } = this.#events;
    const isDone = this.#attempt(() => this.database.transaction(work).immediate());
    if (!isDone) this.#events.bytes = bytes;
    return isDone;
  }

  #attempt(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.failures += 1;
      this.#isFull = (error as { code?: unknown }).code === 'SQLITE_FULL';
      this.#error = error instanceof Error ? error.message : String(error);
      return false;
    }
  }
}

/** SQLite undoes that one statement and goes on. A value that is none of SQLite’s has no code. */
function isFaultOfRow(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code !== 'string' || /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE)/.test(code);
}

/** All but what belongs to this run. */
function memoryText(device: Device): string {
  const { id, name, payload, former, shownId, ...heard } = device;
  const { connection, eventsOn, heardOn, heardLiveOn, ...memory } = heard;
  return JSON.stringify(memory satisfies DeviceMemory);
}

/** The file is ours, but disks rot: what is no memory of a device is none, and the device is a new one. */
function memoryOf(text: string): DeviceMemory | null {
  try {
    const memory: unknown = JSON.parse(text);
    // What an earlier version did not know of has not been heard.
    return isMemory(memory) ? { ...newMemory(), ...memory } : null;
  } catch {
    return null;
  }
}

function isMemory(value: unknown): value is DeviceMemory {
  if (typeof value !== 'object' || value === null) return false;
  const { presence, report, replaced, gaps, missing, lastChangeAtMs } = value as DeviceMemory;
  const isCounted = Number.isFinite(missing) && Number.isFinite(lastChangeAtMs);
  if (!isCounted || !Array.isArray(replaced) || !Array.isArray(gaps)) return false;
  if (typeof presence !== 'object' || presence === null) return false;
  return report === null || (typeof report === 'object' && typeof report.counters === 'object');
}
