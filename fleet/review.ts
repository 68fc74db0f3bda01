/**
 * What the history of a fleet tells of a stretch of time, counted, for `jvpn report --database`.
 *
 * Reads a database that no `jvpn fleet` has open, and writes nothing into it.
 *
 * @module
 */
import type { Database } from 'bun:sqlite';
import { CHANGE_KIND, type ChangeKind } from './change.ts';
import type { DeviceMemory } from './device.ts';
import { type Quantiles, quantilesOf } from './latencies.ts';
import { readHistory } from './readHistory.ts';
import { DEAD_TRANSPORTS, DENIED_SWITCHES, only } from './signs.ts';
import { hasStates, mergeInto, newSpan, spanOf } from './span.ts';
import type { Spreads } from './spread.ts';

export interface ReviewRange {
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

export type Counts = Readonly<Record<string, number>>;

export interface ReviewFacts {
  readonly fromMs: number;
  readonly toMs: number;
  /** Devices that the fleet knows at the end of the history, and those on which something happened in the range. */
  readonly devices: number;
  readonly changed: number;
  /** At the end of the range, by state. */
  readonly states: Counts;
  /** The most devices that were in a state at the end of a minute. */
  readonly statesMax: Counts;
  /** States as the range went on, at most {@link POINTS_MAX} moments of it. */
  readonly series: readonly { readonly atMs: number; readonly states: Counts }[];
  readonly switches: number;
  readonly ended: Counts;
  readonly replaySigns: number;
  readonly hijackSigns: number;
  readonly recoveryMs: Quantiles;
  /** By reason. */
  readonly deadTransports: Counts;
  readonly deniedSwitches: Counts;
  /** Of bindings and agents at the worst minute; null: none is known. */
  readonly spreads: Spreads | null;
  /** Changes that were remembered, by kind. */
  readonly kinds: Counts;
  /** What a state changed for. */
  readonly reasons: Counts;
  /** What came of documents: code and version → on how many devices. */
  readonly documents: readonly DocumentFacts[];
  /** What devices say last of the newest policy that they spoke of: `version word` → devices. */
  readonly verdicts: Counts;
  /** Devices that say last that an emergency holds. */
  readonly emergencies: number;
  /** Devices that were lost, and how often. */
  readonly lost: { readonly devices: number; readonly times: number };
  /** The devices with the most switches. */
  readonly busiest: readonly { readonly device: string; readonly switches: number }[];
}

export interface DocumentFacts {
  readonly code: string;
  readonly version: string | null;
  readonly devices: number;
  /** Between the first and the last of them. */
  readonly spreadMs: number;
}

export type ReadReview =
  | { readonly ok: true; readonly facts: ReviewFacts }
  /** In words for a person. */
  | { readonly ok: false; readonly message: string };

/** Moments that are drawn (chosen): a page has no more columns to tell apart. */
const POINTS_MAX = 150;
/** Rows of one table of the review (chosen): more are not read. */
const ROWS_MAX = 20;

const kindOf = new Map<number, ChangeKind>(
  Object.entries(CHANGE_KIND).map(([kind, id]) => [id, kind as ChangeKind]),
);

export function readReview(file: string, range: ReviewRange): ReadReview {
  const read = readHistory(file, (database) => new Review(database, range).facts());
  if (!read.ok) return read;
  const message = `there is no history in that range in ${file}`;
  return read.value === null ? { ok: false, message } : { ok: true, facts: read.value };
}

class Review {
  readonly #database: Database;
  readonly #fromMs: number;
  readonly #toMs: number;

  constructor(database: Database, { fromMs, toMs }: ReviewRange) {
    this.#database = database;
    this.#fromMs = fromMs ?? 0;
    this.#toMs = toMs ?? Number.MAX_SAFE_INTEGER;
  }

  /** Null: nothing is known of that time. */
  facts(): ReviewFacts | null {
    const ends = this.#ends();
    if (ends === null) return null;
    const [lost] = this.#rows<{ devices: number; times: number }>(
      `SELECT count(DISTINCT device) AS devices, count(*) AS times FROM changes
       WHERE kind = ${CHANGE_KIND.presence} AND went_to = 'lost' AND ${IN_RANGE}`,
    );
    const [changed] = this.#rows<{ devices: number }>(
      `SELECT count(DISTINCT device) AS devices FROM changes WHERE ${IN_RANGE}`,
    );
    return {
      ...ends,
      changed: changed?.devices ?? 0,
      ...this.#spans(),
      kinds: this.#kinds(),
      reasons: this.#counts(
        `SELECT reason AS name, count(*) AS count FROM changes
         WHERE kind = ${CHANGE_KIND.state} AND reason IS NOT NULL AND ${IN_RANGE} GROUP BY reason`,
      ),
      documents: this.#documents(),
      ...this.#memories(),
      lost: { devices: lost?.devices ?? 0, times: lost?.times ?? 0 },
      busiest: this.#rows(
        `SELECT devices.name AS device, sum(count) AS switches FROM changes
         JOIN devices ON devices.id = changes.device
         WHERE kind = ${CHANGE_KIND.switch} AND ${IN_RANGE}
         GROUP BY device ORDER BY switches DESC, devices.name LIMIT ${ROWS_MAX}`,
      ),
    };
  }

  #ends(): Pick<ReviewFacts, 'fromMs' | 'toMs'> | null {
    const times = ['changes', 'minutes', 'hours'].flatMap((table) =>
      this.#rows<{ first: number | null; last: number | null }>(
        `SELECT min(at_ms) AS first, max(at_ms) AS last FROM ${table} WHERE ${IN_RANGE}`,
      ).flatMap(({ first, last }) => (first === null || last === null ? [] : [first, last])),
    );
    if (times.length === 0) return null;
    return { fromMs: Math.min(...times), toMs: Math.max(...times) };
  }

  /** From hours where there are no minutes any more. */
  #spans() {
    const minutes = this.#rows<{ at_ms: number; span: string }>(
      `SELECT at_ms, span FROM minutes WHERE ${IN_RANGE} ORDER BY at_ms`,
    );
    const firstMs = minutes[0]?.at_ms ?? Number.MAX_SAFE_INTEGER;
    const hours = this.#rows<{ at_ms: number; span: string }>(
      `SELECT at_ms, span FROM hours WHERE ${IN_RANGE} ORDER BY at_ms`,
    ).filter(({ at_ms }) => at_ms + 3_600_000 <= firstMs);
    const sum = newSpan();
    const statesMax: Record<string, number> = {};
    const told: { readonly atMs: number; readonly states: Counts }[] = [];
    for (const { at_ms: atMs, span: text } of [...hours, ...minutes]) {
      const span = spanOf(text);
      mergeInto(sum, span);
      if (hasStates(span)) told.push({ atMs, states: span.states });
      for (const [state, count] of Object.entries(span.states)) {
        statesMax[state] = Math.max(statesMax[state] ?? 0, count);
      }
    }
    const { states, switches, terminated: ended, replaySigns, hijackSigns, spreads } = sum;
    const recoveryMs = quantilesOf(sum.recoveries);
    const deadTransports = only(sum.watched, DEAD_TRANSPORTS);
    const deniedSwitches = only(sum.watched, DENIED_SWITCHES);
    const watched = { deadTransports, deniedSwitches, spreads };
    const apart = Math.max(1, Math.ceil(told.length / (POINTS_MAX - 1)));
    const series = told.filter((_, at) => at % apart === 0 || at === told.length - 1);
    const signs = { replaySigns, hijackSigns };
    return { states, statesMax, series, switches, ended, ...signs, recoveryMs, ...watched };
  }

  #kinds(): Counts {
    const counts: Record<string, number> = {};
    for (const { kind, count } of this.#rows<{ kind: number; count: number }>(
      `SELECT kind, count(*) AS count FROM changes WHERE ${IN_RANGE} GROUP BY kind`,
    )) {
      counts[kindOf.get(kind) ?? `kind ${kind}`] = count;
    }
    return counts;
  }

  #documents(): readonly DocumentFacts[] {
    return this.#rows<DocumentFacts>(
      `SELECT reason AS code, went_to AS version, count(DISTINCT device) AS devices,
              max(at_ms) - min(at_ms) AS spreadMs
       FROM changes WHERE kind = ${CHANGE_KIND.document} AND reason IS NOT NULL AND ${IN_RANGE}
       GROUP BY reason, went_to ORDER BY min(at_ms) LIMIT ${2 * ROWS_MAX}`,
    );
  }

  #memories(): Pick<ReviewFacts, 'devices' | 'verdicts' | 'emergencies'> {
    const verdicts: Record<string, number> = {};
    let [devices, emergencies] = [0, 0];
    const rows = this.#database.query('SELECT memory FROM devices').iterate();
    for (const { memory } of rows as Iterable<{ memory: string }>) {
      devices += 1;
      const { verdict, documents } = memoryOf(memory);
      if (verdict) {
        const key = `${verdict.version} ${verdict.word}`;
        verdicts[key] = (verdicts[key] ?? 0) + 1;
      }
      if (typeof documents?.emergency === 'number') emergencies += 1;
    }
    return { devices, verdicts, emergencies };
  }

  #counts(query: string): Counts {
    const rows = this.#rows<{ name: string; count: number }>(query);
    return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
  }

  #rows<Row>(query: string): Row[] {
    return this.#database.query(query).all(this.#fromMs, this.#toMs) as Row[];
  }
}

const IN_RANGE = 'at_ms >= ?1 AND at_ms < ?2';

/** The file is ours, but disks rot. */
function memoryOf(text: string): Partial<Pick<DeviceMemory, 'verdict' | 'documents'>> {
  try {
    return (JSON.parse(text) ?? {}) as DeviceMemory;
  } catch {
    return {};
  }
}
