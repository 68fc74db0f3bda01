/**
 * One device over time: in which state it was, and what happened (`/api/device/NAME/timeline`).
 *
 * While a device is not at the broker, or nobody knows whether it is, nothing is known of its session: the state of such a band is null.
 *
 * @module
 */
import type { Database } from 'bun:sqlite';
import { CHANGE_KIND, type ChangeKind } from './change.ts';
import { IS_BAND } from './schema.ts';

export interface Band {
  readonly state: string | null;
  readonly from_ms: number;
  readonly to_ms: number;
}

export interface Mark {
  readonly at_ms: number;
  readonly kind: ChangeKind;
  readonly reason: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly count: number;
  readonly late: boolean;
}

interface Row {
  readonly at_ms: number;
  readonly kind: number;
  readonly reason: string | null;
  readonly came_from: string | null;
  readonly went_to: string | null;
  readonly count: number;
  readonly is_late: number;
}

/** Newest rows of one answer (chosen): more than fit on a screen. */
const ROWS_MAX = 5_000;

const kindOf = new Map<number, ChangeKind>(
  Object.entries(CHANGE_KIND).map(([kind, id]) => [id, kind as ChangeKind]),
);

/** @param untilMs `now`, where the window reaches beyond it: no band says what is to come. */
export function timelineOf(
  database: Database,
  device: number,
  fromMs: number,
  untilMs: number,
): { readonly bands: readonly Band[]; readonly marks: readonly Mark[] } {
  const rows = database
    .query(
      `SELECT at_ms, kind, reason, came_from, went_to, count, is_late FROM changes
       WHERE device = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms DESC, rowid DESC LIMIT ${ROWS_MAX}`,
    )
    .all(device, fromMs, untilMs) as Row[];
  rows.reverse();
  // What is left out before the oldest of them is not known.
  const startMs = rows.length === ROWS_MAX ? rows[0]!.at_ms : fromMs;
  const before = (kind: 'state' | 'presence') => lastBefore(database, device, kind, startMs);
  const isGone = (word: string | null) => word !== null && word !== 'online';
  let [state, isAway] = [before('state'), isGone(before('presence'))];
  let beganMs = startMs;
  const bands: Band[] = [];
  const endBand = (atMs: number) => {
    const shown = isAway ? null : state;
    if (atMs > beganMs) bands.push({ state: shown, from_ms: beganMs, to_ms: atMs });
    beganMs = atMs;
  };
  const marks: Mark[] = [];
  for (const row of rows) {
    const kind = kindOf.get(row.kind);
    if (kind === undefined) continue;
    if (kind !== 'state') marks.push(markOf(kind, row));
    if (kind !== 'state' && kind !== 'presence') continue;
    endBand(row.at_ms);
    if (kind === 'state') state = row.went_to;
    else isAway = isGone(row.went_to);
  }
  endBand(untilMs);
  return { bands, marks };
}

/** What bands begin with: by device, time and kind. A device may have said a million other things since. */
export const LAST_BEFORE = `SELECT went_to FROM changes
  WHERE device = ? AND at_ms < ? AND kind = ? AND ${IS_BAND} ORDER BY at_ms DESC, rowid DESC LIMIT 1`;

function lastBefore(
  database: Database,
  device: number,
  kind: 'state' | 'presence',
  atMs: number,
): string | null {
  const row = database.query(LAST_BEFORE).get(device, atMs, CHANGE_KIND[kind]);
  return (row as { went_to: string | null } | null)?.went_to ?? null;
}

function markOf(kind: ChangeKind, row: Row): Mark {
  return {
    at_ms: row.at_ms,
    kind,
    reason: row.reason,
    from: row.came_from,
    to: row.went_to,
    count: row.count,
    late: row.is_late === 1,
  };
}
