/**
 * The tables of the history, and how its file is opened.
 *
 * @module
 */
import { Database } from 'bun:sqlite';
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { CHANGE_KIND } from './change.ts';

/** Whoever reads tables takes those of any version from 1 on. */
const SCHEMA_VERSION = 2;
const PAGE_BYTES = 4_096;
/** SQLite itself keeps the file below the limit; what is left of it is for the rows that make room. */
const HEADROOM = 1.05;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS devices (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, memory TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS changes (
    device INTEGER NOT NULL, at_ms INTEGER NOT NULL, kind INTEGER NOT NULL, reason TEXT,
    came_from TEXT, went_to TEXT, count INTEGER NOT NULL, is_late INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS changes_device ON changes (device, at_ms);
  CREATE INDEX IF NOT EXISTS changes_time ON changes (at_ms);
  CREATE TABLE IF NOT EXISTS events (
    device INTEGER NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, boot TEXT NOT NULL,
    at_ms INTEGER NOT NULL, event TEXT NOT NULL, heard_ms INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS events_number ON events (device, stream, seq, boot);
  CREATE TABLE IF NOT EXISTS minutes (at_ms INTEGER PRIMARY KEY, span TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS hours (at_ms INTEGER PRIMARY KEY, span TEXT NOT NULL) STRICT;`;

/** Rows that bands are made of (fleet/timeline.ts). SQLite takes their index only for what asks in these words. */
export const IS_BAND = `kind IN (${CHANGE_KIND.state}, ${CHANGE_KIND.presence})`;
/** When an event was heard; of one that version 1 kept only its own time is known. SQLite takes the index only for what asks in these words. */
export const HEARD_MS = 'coalesce(heard_ms, at_ms)';
/**
 * A history that an earlier version wrote lacks some of them, and may be as large as it may get: they are made before there is a limit,
 * sorted on the disk and not in memory, and pruning makes up for it. A disk without room keeps nobody from starting: the next start makes them.
 */
const LATER_INDEXES = [
  // Of version 1; its pages are those of the one that takes its place.
  'DROP INDEX IF EXISTS events_time',
  `CREATE INDEX IF NOT EXISTS changes_bands ON changes (device, kind, at_ms) WHERE ${IS_BAND}`,
  `CREATE INDEX IF NOT EXISTS events_heard ON events (${HEARD_MS})`,
];

export type OpenedDatabase =
  | { readonly ok: true; readonly value: Database }
  /** In words for a person. */
  | { readonly ok: false; readonly message: string };

/**
 * Journal in WAL mode: a process that is killed loses nothing that was committed, a power cut at most the last seconds,
 * and neither leaves a half of anything. Locked for this process alone.
 */
export function openDatabase(file: string, bytesMax: number): OpenedDatabase {
  let database: Database | null = null;
  try {
    fs.mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    fs.closeSync(fs.openSync(file, 'a', 0o600)); // SQLite gives its journal the same mode
    fs.chmodSync(file, 0o600);
    database = new Database(file, { create: true, strict: true });
    prepare(database, bytesMax);
    return { ok: true, value: database };
  } catch (error) {
    database?.close();
    const detail = error instanceof Error ? error.message : String(error);
    return /locked|busy/i.test(detail)
      ? { ok: false, message: `Another process has ${file} open; only one may write a history.` }
      : { ok: false, message: `${file} cannot be used: ${detail}` };
  }
}

function prepare(database: Database, bytesMax: number): void {
  const pragmas = (...all: readonly string[]) => {
    for (const pragma of all) database.run(`PRAGMA ${pragma}`);
  };
  pragmas('busy_timeout = 200', 'locking_mode = EXCLUSIVE');
  // Those below write into the file.
  const later = laterRelease(tablesVersion(database));
  if (later !== null) throw new Error(later);
  pragmas(
    `page_size = ${PAGE_BYTES}`,
    'auto_vacuum = INCREMENTAL',
    'journal_mode = WAL',
    'synchronous = NORMAL',
    'journal_size_limit = 16777216',
    'cache_size = -16384',
  );
  database.run('BEGIN IMMEDIATE');
  if (lacksHeard(database)) database.run('ALTER TABLE events ADD COLUMN heard_ms INTEGER');
  for (const statement of SCHEMA.split(';')) if (statement.trim() !== '') database.run(statement);
  database.run(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  database.run('COMMIT');
  for (const statement of LATER_INDEXES) indexLater(database, statement);
  database.run('PRAGMA temp_store = MEMORY');
  database.run(`PRAGMA max_page_count = ${Math.ceil((bytesMax * HEADROOM) / PAGE_BYTES)}`);
}

/** Of the tables in a file: 0 where no release has made any. Throws what SQLite says of one that is no database. */
export function tablesVersion(database: Database): number {
  const row = database.query('PRAGMA user_version').get() as { user_version: number };
  return row.user_version;
}

/** What is wrong with tables of that version, in words for a person, or null: what is in them may mean something else. */
export const laterRelease = (version: number): string | null =>
  version > SCHEMA_VERSION
    ? `a later release wrote it: its tables are of version ${version}, and this one knows 1 to ${SCHEMA_VERSION}`
    : null;

/** Version 1 had events without it, or none. */
function lacksHeard(database: Database): boolean {
  const columns = database.query('PRAGMA table_info(events)').all() as { name: string }[];
  return columns.length > 0 && !columns.some(({ name }) => name === 'heard_ms');
}

function indexLater(database: Database, statement: string): void {
  try {
    database.run(statement);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'SQLITE_FULL') throw error;
  }
}

/** Bytes that hold something. */
export function usedBytes(database: Database): number {
  const { page_count: pages } = database.query('PRAGMA page_count').get() as { page_count: number };
  const free = database.query('PRAGMA freelist_count').get() as { freelist_count: number };
  return (pages - free.freelist_count) * PAGE_BYTES;
}
