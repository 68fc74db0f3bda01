/**
 * The parameters of a request, each with its bounds: a value, or a sentence why not. Pure.
 *
 * @module
 */
import { isOutcome, OUTCOMES } from './outcome.ts';
import { ROWS_MAX, type RowsAsked, SORTS, type Sort } from './rows.ts';
import type { SeriesWindow } from './series.ts';

export type Asked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: string };

const DAY_MS = 86_400_000;
const SEARCH_MAX = 128;
const LIMIT = 100;

export function rowsAsked(query: URLSearchParams): Asked<RowsAsked> {
  const sort = query.get('sort') ?? 'name';
  const limit = numberAt(query, 'limit', LIMIT);
  if (!isSort(sort)) return no(`sort is one of ${SORTS.join(', ')}.`);
  if (limit === null || limit < 1 || limit > ROWS_MAX) return no(`limit is 1 to ${ROWS_MAX}.`);
  const search = query.get('search') ?? '';
  if (search.length > SEARCH_MAX) return no(`search has at most ${SEARCH_MAX} characters.`);
  const [state, after] = [query.get('state') || null, query.get('after') || null];
  const outcome = query.get('outcome') || null;
  if (outcome !== null && !isOutcome(outcome))
    return no(`outcome is one of ${OUTCOMES.join(', ')}.`);
  const afterKey = keyAt(query);
  if (afterKey === undefined) return no('after_key is a whole number.');
  return { ok: true, value: { search, state, outcome, sort, limit, after, afterKey } };
}

/** Left out: the last 24 hours. */
export function windowAsked(query: URLSearchParams, nowMs: number): Asked<SeriesWindow> {
  const toMs = numberAt(query, 'to_ms', Math.round(nowMs));
  const fromMs = numberAt(query, 'from_ms', Math.max(0, (toMs ?? 0) - DAY_MS));
  const stepMs = numberAt(query, 'step_ms', 0);
  if (toMs === null || fromMs === null) return no('from_ms and to_ms are ms since the epoch.');
  if (stepMs === null) return no('step_ms is a number of ms.');
  if (fromMs >= toMs) return no('from_ms is before to_ms.');
  return { ok: true, value: { fromMs, toMs, stepMs } };
}

/** Null: left out; undefined: none. */
function keyAt(query: URLSearchParams): number | null | undefined {
  const text = query.get('after_key') ?? '';
  if (text === '') return null;
  return /^-?\d{1,16}$/.test(text) ? Number(text) : undefined;
}

/** A whole number below 2^53, `missing` where it is left out, or null. */
function numberAt(query: URLSearchParams, key: string, missing: number): number | null {
  const text = query.get(key);
  if (text === null || text === '') return missing;
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

const isSort = (text: string): text is Sort => SORTS.includes(text as Sort);
const no = (error: string) => ({ ok: false, error }) as const;
