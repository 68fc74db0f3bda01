/**
 * The fleet over time as columns of one length (`/api/series`): from minutes while there are any, else from hours.
 *
 * @module
 */
import { type Closed, HOUR_MS, MINUTE_MS } from './day.ts';
import { MINUTES_KEPT_MS } from './history.ts';
import { quantilesOf } from './latencies.ts';
import { DEAD_TRANSPORTS, DENIED_SWITCHES, only } from './signs.ts';
import { degradedPercent, hasStates, mergeInto, newSpan, type Span } from './span.ts';
import type { Figure } from './spread.ts';

/** Points of one answer (chosen): more than a screen has columns. */
export const POINTS_MAX = 2_000;

export interface SeriesWindow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

type Column = readonly (number | null)[];
/** By state, or by reason code. */
type Columns = Readonly<Record<string, Column>>;
type SpreadColumns = Readonly<Record<'p50' | 'p95', Column>>;

export interface Series extends Readonly<Record<Figure, SpreadColumns>> {
  readonly at_ms: readonly number[];
  readonly states: Columns;
  readonly recovery_ms: Readonly<Record<'p50' | 'p95' | 'p99', Column>>;
  readonly switches: Column;
  readonly degraded_percent: Column;
  readonly terminated: Columns;
  readonly dead_transports: Columns;
  readonly denied_switches: Columns;
  readonly replay_signs: Column;
  readonly hijack_signs: Column;
}

/** Whole steps that can be told: at least the length of a row, at most {@link POINTS_MAX} of them, on round times. */
export function windowFor(asked: SeriesWindow, nowMs: number): SeriesWindow & SourceTable {
  const spanMs = Math.max(MINUTE_MS, asked.toMs - asked.fromMs);
  const leastMs = Math.max(MINUTE_MS, asked.stepMs, spanMs / POINTS_MAX);
  const isOld = asked.fromMs < nowMs - MINUTES_KEPT_MS;
  const table = isOld || leastMs >= HOUR_MS ? 'hours' : 'minutes';
  const rowMs = table === 'hours' ? HOUR_MS : MINUTE_MS;
  const stepMs = Math.ceil(leastMs / rowMs) * rowMs;
  const floor = (ms: number) => Math.floor(ms / stepMs) * stepMs;
  return { table, stepMs, fromMs: floor(asked.fromMs), toMs: floor(asked.toMs - 1) + stepMs };
}

interface SourceTable {
  readonly table: 'minutes' | 'hours';
}

/** Steps of which nothing is known are null in each column. `rows` ascend. */
export function seriesOf({ fromMs, toMs, stepMs }: SeriesWindow, rows: readonly Closed[]): Series {
  const steps = new Map<number, Span>();
  for (const { atMs, span } of rows) {
    const at = Math.floor(atMs / stepMs) * stepMs;
    const sum = steps.get(at) ?? newSpan();
    mergeInto(sum, span);
    steps.set(at, sum);
  }
  const at: number[] = [];
  for (let ms = fromMs; ms < toMs && at.length <= POINTS_MAX; ms += stepMs) at.push(ms);
  const spans = at.map((ms) => steps.get(ms) ?? null);
  const column = <T>(read: (span: Span) => T) =>
    spans.map((span) => (span === null ? null : read(span)));
  const columns = (
    part: 'states' | 'terminated' | 'watched',
    missing: (span: Span) => number | null,
  ) => {
    const keys = new Set([...steps.values()].flatMap((span) => Object.keys(span[part])));
    return Object.fromEntries(
      [...keys].sort().map((key) => [key, column((span) => span[part][key] ?? missing(span))]),
    );
  };
  const watched = columns('watched', () => 0);
  const spread = (figure: Figure) => ({
    p50: column((span) => span.spreads?.[figure].p50 ?? null),
    p95: column((span) => span.spreads?.[figure].p95 ?? null),
  });
  const latencies = column((span) => quantilesOf(span.recoveries));
  const quantile = (name: 'p50' | 'p95' | 'p99') => latencies.map((of) => of?.[name] ?? null);
  return {
    at_ms: at,
    states: columns('states', (span) => (hasStates(span) ? 0 : null)),
    recovery_ms: { p50: quantile('p50'), p95: quantile('p95'), p99: quantile('p99') },
    switches: column((span) => span.switches),
    degraded_percent: column((span) => degradedPercent(span.states)),
    ...{ rtt_ms: spread('rtt_ms'), jitter_ms: spread('jitter_ms') },
    ...{ loss_percent: spread('loss_percent'), memory_bytes: spread('memory_bytes') },
    terminated: columns('terminated', () => 0),
    dead_transports: only(watched, DEAD_TRANSPORTS),
    denied_switches: only(watched, DENIED_SWITCHES),
    replay_signs: column((span) => span.replaySigns),
    hijack_signs: column((span) => span.hijackSigns),
  };
}
