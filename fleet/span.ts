/**
 * What the whole fleet did in a minute or an hour: the row that roll-ups are made of. Pure.
 *
 * @module
 */
import { isReasonCode } from '../session/reasons.ts';
import { STATES } from '../session/transitions.ts';
import type { Tally } from './difference.ts';
import { addLatencies, addRecoveries, type Latencies } from './latencies.ts';
import type { Recovery } from './report.ts';
import { NO_REASON, OTHER_REASONS } from './signs.ts';
import { type Spreads, spreadsOf, spreadsRow, worseOf } from './spread.ts';

export interface Span {
  /** Devices by state at its end, those that are gone left out; empty where the broker was not heard. */
  states: Record<string, number>;
  switches: number;
  /** Ended sessions by reason code. */
  terminated: Record<string, number>;
  replaySigns: number;
  hijackSigns: number;
  recoveries: Latencies;
  /** Events of the codes that are counted over time. */
  watched: Record<string, number>;
  /** Of the devices at its end; of several minutes the worst; null where the broker was not heard. */
  spreads: Spreads | null;
}

export const newSpan = (): Span => ({
  ...{ states: {}, switches: 0, terminated: {} },
  ...{ replaySigns: 0, hijackSigns: 0, recoveries: {}, watched: {}, spreads: null },
});

export function countInto(span: Span, tally: Tally, recovery: Recovery): void {
  span.switches += tally.switches;
  span.replaySigns += tally.replaySigns;
  span.hijackSigns += tally.hijackSigns;
  addEnded(span.terminated, tally.terminated);
  addCounts(span.watched, tally.watched);
  addRecoveries(span.recoveries, recovery, tally.recoveries);
}

/** `later` follows on `span`, which takes it in. */
export function mergeInto(span: Span, later: Span): void {
  if (hasStates(later)) span.states = { ...later.states };
  span.switches += later.switches;
  span.replaySigns += later.replaySigns;
  span.hijackSigns += later.hijackSigns;
  addEnded(span.terminated, later.terminated);
  addLatencies(span.recoveries, later.recoveries);
  addCounts(span.watched, later.watched);
  span.spreads = worseOf(span.spreads, later.spreads);
}

/** Codes that this version does not know, in one span (chosen); what comes beyond them is one row. */
const UNKNOWN_MAX = 16;

function addEnded(sums: Record<string, number>, more: Readonly<Record<string, number>>): void {
  const isForeign = (code: string) =>
    !isReasonCode(code) && code !== NO_REASON && code !== OTHER_REASONS;
  let room = UNKNOWN_MAX - Object.keys(sums).filter(isForeign).length;
  for (const [code, count] of Object.entries(more)) {
    const isNew = isForeign(code) && !Object.hasOwn(sums, code);
    const key = isNew && room <= 0 ? OTHER_REASONS : code;
    if (isNew) room -= 1;
    sums[key] = (sums[key] ?? 0) + count;
  }
}

function addCounts(sums: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [code, count] of Object.entries(more)) sums[code] = (sums[code] ?? 0) + count;
}

export const hasStates = ({ states }: Span): boolean => Object.keys(states).length > 0;

/** Of the sessions that live and were granted, as policies/observability/alerts.yml reckons; null: there is none. */
export function degradedPercent(states: Readonly<Record<string, number>>): number | null {
  const living = livingSessions(states) - (states['BIRTH'] ?? 0);
  if (living <= 0) return null;
  return Math.round(((states['DEGRADED'] ?? 0) / living) * 1_000) / 10;
}

export function livingSessions(states: Readonly<Record<string, number>>): number {
  return STATES.filter((state) => state !== 'TERMINATED').reduce(
    (sum, state) => sum + (states[state] ?? 0),
    0,
  );
}

/** As one line in the database, as short as it gets. */
export function spanText({ states, switches, terminated, ...more }: Span): string {
  const { replaySigns, hijackSigns, recoveries, watched } = more;
  const counted = [states, switches, terminated, replaySigns, hijackSigns, recoveries, watched];
  return JSON.stringify([...counted, spreadsRow(more.spreads)]);
}

/** What {@link spanText} wrote. The file is ours, but disks rot: a row that is none is an empty one. */
export function spanOf(text: string): Span {
  try {
    const row: unknown = JSON.parse(text);
    if (!Array.isArray(row)) return newSpan();
    const [states, switches, terminated, replaySigns, hijackSigns, recoveries, ...rest] = row;
    // An earlier version wrote none of these.
    const [watched, spreads] = rest;
    return {
      ...{ states: counts(states), switches: number(switches), terminated: counts(terminated) },
      ...{ replaySigns: number(replaySigns), hijackSigns: number(hijackSigns) },
      ...{ recoveries: counts(recoveries), watched: counts(watched), spreads: spreadsOf(spreads) },
    };
  } catch {
    return newSpan();
  }
}

const number = (value: unknown) => (typeof value === 'number' && value >= 0 ? value : 0);

function counts(value: unknown): Record<string, number> {
  if (typeof value !== 'object' || value === null) return {};
  return value as Record<string, number>;
}
