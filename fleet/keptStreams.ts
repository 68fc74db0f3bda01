/**
 * The events that the history has, device by device and in the order of their numbers, for `jvpn audit --database`.
 *
 * Reads a database that no `jvpn fleet` has open, and writes nothing into it. What the rows mean is the reader's to say.
 *
 * @module
 */
import type { Database } from 'bun:sqlite';
import { type ReadHistory, readHistory } from './readHistory.ts';

export interface KeptAsked {
  /** When they happened, ms since 1970; null: from the first, or to the last. */
  readonly fromMs: number | null;
  /** Left out itself. */
  readonly toMs: number | null;
  /** Name of a device, or null: all. */
  readonly device: string | null;
}

export interface KeptRow {
  readonly seq: number;
  readonly boot: string;
  /** JSON (fleet/keptEvent.ts). */
  readonly text: string;
}

/** One stream of numbers of one device (docs/mqtt.md, "Events"). */
export interface KeptStream {
  readonly device: string;
  readonly stream: string;
  /** Ascending; a number may be there twice, of two processes. */
  readonly rows: readonly KeptRow[];
  /** The numbers before the first of `rows` are not in the history at all. */
  readonly isFirst: boolean;
  /** The highest number that was heard and is in no row; null: none, or it is behind the range. */
  readonly heardSeq: number | null;
}

export interface KeptEvents {
  readonly streams: readonly KeptStream[];
  /** Devices of which there is no event in the range. */
  readonly without: readonly string[];
}

interface StreamRow {
  readonly id: number;
  readonly device: string;
  readonly stream: string;
  readonly first: number;
  readonly last: number;
}

export function readKeptEvents(file: string, asked: KeptAsked): ReadHistory<KeptEvents> {
  const read = readHistory(file, (database) =>
    hasEvents(database) ? new Reader(database, asked).events() : null,
  );
  if (!read.ok) return read;
  if (read.value === null) {
    const message = `${file} has no events: it was written by a jvpn fleet that did not keep them yet`;
    return { ok: false, message };
  }
  const { streams, without } = read.value;
  if (asked.device !== null && streams.length + without.length === 0) {
    return { ok: false, message: `there is no device ${JSON.stringify(asked.device)} in ${file}` };
  }
  return { ok: true, value: read.value };
}

const hasEvents = (database: Database) =>
  database.query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'events'").get() !==
  null;

class Reader {
  readonly #database: Database;
  readonly #asked: KeptAsked;

  constructor(database: Database, asked: KeptAsked) {
    this.#database = database;
    this.#asked = asked;
  }

  events(): KeptEvents {
    const { fromMs, toMs, device } = this.#asked;
    // All between the first and the last in the range, whatever the clock of the device did meanwhile.
    const found = this.#database
      .query(
        `SELECT devices.id AS id, devices.name AS device, stream, min(seq) AS first, max(seq) AS last
         FROM events JOIN devices ON devices.id = events.device
         WHERE at_ms >= ?1 AND at_ms < ?2 AND (?3 IS NULL OR devices.name = ?3)
         GROUP BY devices.id, stream ORDER BY devices.name, min(events.rowid)`,
      )
      .all(fromMs ?? 0, toMs ?? Number.MAX_SAFE_INTEGER, device) as StreamRow[];
    const names = this.#database
      .query('SELECT name FROM devices WHERE ?1 IS NULL OR name = ?1 ORDER BY name')
      .all(device) as { name: string }[];
    const has = new Set(found.map((row) => row.device));
    return {
      streams: found.map((row) => this.#stream(row)),
      without: names.flatMap(({ name }) => (has.has(name) ? [] : [name])),
    };
  }

  #stream({ id, device, stream, first, last }: StreamRow): KeptStream {
    const rows = this.#database
      .query(
        `SELECT seq, boot, event AS text FROM events
         WHERE device = ?1 AND stream = ?2 AND seq BETWEEN ?3 AND ?4 ORDER BY seq, rowid`,
      )
      .all(id, stream, first, last) as KeptRow[];
    const ends = this.#database
      .query(
        'SELECT min(seq) AS first, max(seq) AS last FROM events WHERE device = ?1 AND stream = ?2',
      )
      .get(id, stream) as { first: number; last: number };
    const heardSeq = ends.last === last ? this.#heardSeq(id, stream) : null;
    return {
      ...{ device, stream, rows, isFirst: ends.first === first },
      heardSeq: heardSeq !== null && heardSeq > last ? heardSeq : null,
    };
  }

  #heardSeq(id: number, stream: string): number | null {
    const row = this.#database.query('SELECT memory FROM devices WHERE id = ?').get(id);
    try {
      const { events } = JSON.parse((row as { memory: string }).memory);
      return events?.stream === stream && Number.isSafeInteger(events.seq) ? events.seq : null;
    } catch {
      // The file is ours, but disks rot.
      return null;
    }
  }
}
