/**
 * The hub's database: enrolled devices, the one record of each session, and hub time's mark.
 *
 * SQLite through `bun:sqlite`, journal in WAL mode, every commit synced before it counts. The file is
 * locked for this process alone as long as it is open: two hubs on one file would both believe to be
 * the owner, so the second is refused (`ownership`). Mode 0600: records hold secrets.
 *
 * @module
 */
import { Database } from 'bun:sqlite';
import * as fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { SessionRecord } from '../session/hub/record.ts';
import { judgeSwap, type RecordStore, type SwapResult } from './compareAndSwap.ts';
import type { EnrolledDevice } from './device.ts';
import { decodeRecord, encodeRecord } from './recordBlob.ts';
import type { TimeStore } from './time.ts';

const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (
    key TEXT PRIMARY KEY, value ANY NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS devices (
    public_key TEXT PRIMARY KEY, name TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('session', 'plain')),
    inner4 TEXT, inner6 TEXT, allowed TEXT NOT NULL, psk BLOB NOT NULL,
    enrolled_at_ms REAL NOT NULL, revoked_at_ms REAL
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS devices_name ON devices (name) WHERE revoked_at_ms IS NULL;
  CREATE UNIQUE INDEX IF NOT EXISTS devices_inner4 ON devices (inner4) WHERE revoked_at_ms IS NULL;
  CREATE UNIQUE INDEX IF NOT EXISTS devices_inner6 ON devices (inner6) WHERE revoked_at_ms IS NULL;
  CREATE TABLE IF NOT EXISTS sessions (
    device TEXT PRIMARY KEY, revision INTEGER NOT NULL, session_id TEXT NOT NULL,
    state_version INTEGER NOT NULL, terminated TEXT, record BLOB NOT NULL
  ) STRICT;`;

const PUT_DEVICE = `
  INSERT INTO devices VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (public_key) DO UPDATE SET
    name = excluded.name, mode = excluded.mode, inner4 = excluded.inner4, inner6 = excluded.inner6,
    allowed = excluded.allowed, psk = excluded.psk, enrolled_at_ms = excluded.enrolled_at_ms,
    revoked_at_ms = excluded.revoked_at_ms`;

export type StoreFailure = {
  readonly ok: false;
  /** `ownership`: another process has the file. `storeUnusable`: it cannot be opened or read. */
  readonly code: 'ownership' | 'storeUnusable';
  readonly message: string;
};

interface DeviceRow {
  readonly public_key: string;
  readonly name: string;
  readonly mode: 'session' | 'plain';
  readonly inner4: string | null;
  readonly inner6: string | null;
  readonly allowed: string;
  readonly psk: Uint8Array;
  readonly enrolled_at_ms: number;
  readonly revoked_at_ms: number | null;
}

export function openStore(
  file: string,
): { readonly ok: true; readonly value: Store } | StoreFailure {
  try {
    const made = fs.mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    fs.closeSync(fs.openSync(file, 'a', 0o600)); // SQLite gives its journal the same mode
    fs.chmodSync(file, 0o600);
    syncNames(dirname(file), made);
    return { ok: true, value: new Store(file) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return code.startsWith('SQLITE_BUSY') || /locked/.test(detail)
      ? {
          ok: false,
          code: 'ownership',
          message: `Another hub (or an enrolment) has ${file} open; only one may own its sessions.`,
        }
      : { ok: false, code: 'storeUnusable', message: `${file} cannot be used: ${detail}` };
  }
}

/**
 * Make the names of the database and of its folder durable, which SQLite does for its journal alone, and those of `made`,
 * the topmost folder that is new. At each start: the process that made them may have been killed before it got here.
 */
function syncNames(folder: string, made: string | undefined): void {
  const last = resolve(made ?? folder, '..');
  for (let at = resolve(folder); ; at = dirname(at)) {
    if (!isSynced(at) && made !== undefined) throw new Error(`${at} cannot be synced`);
    if (at === last) return;
  }
}

/** False where this user or this file system does not allow it: then somebody else made what is in it. */
function isSynced(folder: string): boolean {
  let fd: number | null = null;
  try {
    fd = fs.openSync(folder, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
    fs.fsyncSync(fd);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EIO') throw error;
    return false;
  } finally {
    if (fd !== null) fs.closeSync(fd);
  }
}

/** Makes a transaction take back what it did. */
class Undone extends Error {}

export class Store implements TimeStore, RecordStore {
  readonly #database: Database;

  constructor(file: string) {
    this.#database = new Database(file, { create: true, strict: true });
    try {
      this.#database.run('PRAGMA busy_timeout = 200');
      // Before the first access: WAL then needs no shared memory, and the lock is never given up.
      this.#database.run('PRAGMA locking_mode = EXCLUSIVE');
      this.#database.run('PRAGMA journal_mode = WAL');
      this.#database.run('PRAGMA synchronous = FULL');
      this.#database.run('BEGIN EXCLUSIVE');
      this.#database.run('COMMIT');
      this.#database.run(SCHEMA);
      const version = this.#meta('schema_version', SCHEMA_VERSION);
      if (version !== SCHEMA_VERSION)
        throw new Error(`it has the format ${version} of another jvpn`);
      // At each start, for its sync: a commit that a killed process had written and not synced is read like any other.
      this.#setMeta('schema_version', SCHEMA_VERSION);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** The hub that used this file last, or null; then remember `hubId`. */
  noteHub(hubId: string): string | null {
    const before = this.#meta('hub_id', '');
    if (before !== hubId) this.#setMeta('hub_id', hubId);
    return before === '' ? null : String(before);
  }

  readHighWaterMs(): number {
    return Number(this.#meta('time_high_water_ms', 0));
  }

  writeHighWaterMs(atMs: number): void {
    this.#setMeta('time_high_water_ms', atMs);
  }

  /** All of them, the revoked included, by name. */
  devices(): EnrolledDevice[] {
    return this.#database
      .query<DeviceRow, []>('SELECT * FROM devices ORDER BY name, enrolled_at_ms')
      .all()
      .map(deviceOf);
  }

  device(publicKey: string): EnrolledDevice | null {
    const row = this.#database
      .query<DeviceRow, [string]>('SELECT * FROM devices WHERE public_key = ?')
      .get(publicKey);
    return row === null ? null : deviceOf(row);
  }

  /** Write devices in one transaction: all of them or none. */
  putDevices(devices: readonly EnrolledDevice[]): void {
    this.#database.transaction(() => {
      for (const device of devices) this.#putDevice(device);
    })();
  }

  /** The records of all sessions, ended ones included. @throws where one cannot be read. */
  readAll(): SessionRecord[] {
    return this.#database
      .query<{ device: string; record: Uint8Array }, []>('SELECT device, record FROM sessions')
      .all()
      .map(({ device, record }) => readable(device, record));
  }

  read(device: string): SessionRecord | null {
    const row = this.#database
      .query<{ record: Uint8Array }, [string]>('SELECT record FROM sessions WHERE device = ?')
      .get(device);
    return row === null ? null : readable(device, row.record);
  }

  compareAndSwap(device: string, expectedRevision: number, record: SessionRecord): SwapResult {
    return this.#database.transaction((): SwapResult => {
      const result = judgeSwap(this.read(device), device, expectedRevision, record);
      if (result.outcome === 'committed') this.#put(record);
      return result;
    })();
  }

  /**
   * All of a swap but its commit, so that the next one finds its code at hand.
   *
   * @returns whether there was a record to write over itself. What is wrong with the store, the next swap tells.
   */
  rehearse(device: string): boolean {
    try {
      this.#database.transaction(() => {
        const record = this.read(device);
        if (record === null) return;
        this.#put(record);
        throw new Undone();
      })();
      return false;
    } catch (error) {
      return error instanceof Undone;
    }
  }

  #put(record: SessionRecord): void {
    const { device, revision, sessionId, stateVersion, terminated } = record;
    this.#database
      .query('INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?)')
      .run(device, revision, sessionId, stateVersion, terminated, encodeRecord(record));
  }

  close(): void {
    this.#database.close();
  }

  /** Not `INSERT OR REPLACE`: that would silently remove another device of the same name. */
  #putDevice(device: EnrolledDevice): void {
    this.#database
      .query(PUT_DEVICE)
      .run(
        device.publicKey,
        device.name,
        device.mode,
        device.inner4,
        device.inner6,
        JSON.stringify(device.allowed),
        device.psk,
        device.enrolledAtMs,
        device.revokedAtMs,
      );
  }

  #meta(key: string, fallback: string | number): string | number {
    const row = this.#database
      .query<{ value: string | number }, [string]>('SELECT value FROM meta WHERE key = ?')
      .get(key);
    return row?.value ?? fallback;
  }

  #setMeta(key: string, value: string | number): void {
    this.#database.query('INSERT OR REPLACE INTO meta VALUES (?, ?)').run(key, value);
  }
}

function readable(device: string, bytes: Uint8Array): SessionRecord {
  const record = decodeRecord(bytes);
  if (record === null || record.device !== device) {
    throw new Error(`the stored session of ${device} cannot be read; restore a backup`);
  }
  return record;
}

function deviceOf(row: DeviceRow): EnrolledDevice {
  return {
    publicKey: row.public_key,
    name: row.name,
    mode: row.mode,
    inner4: row.inner4,
    inner6: row.inner6,
    allowed: JSON.parse(row.allowed),
    psk: Uint8Array.from(row.psk),
    enrolledAtMs: row.enrolled_at_ms,
    revokedAtMs: row.revoked_at_ms,
  };
}
