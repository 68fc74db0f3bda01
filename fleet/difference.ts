/**
 * What happened to a device between two of its reports. Pure.
 *
 * Counters only grow within one process and begin at nothing in the next, so a new process says everything since it
 * started. Of the first report that is ever heard of a device nothing can be told.
 *
 * @module
 */
import { type Change, COUNT_MAX } from './change.ts';
import { RECOVERIES_MAX, type Report } from './report.ts';
import {
  CAUSES,
  HIJACK_SIGNS,
  isNoticed,
  isRefusal,
  isWatched,
  NO_REASON,
  REPLAY_SIGNS,
} from './signs.ts';

/** What the fleet counts of it. */
export interface Tally {
  readonly switches: number;
  /** Sessions that ended, by reason code. */
  readonly terminated: Readonly<Record<string, number>>;
  /** Events of the codes that are counted over time, by code. */
  readonly watched: Readonly<Record<string, number>>;
  readonly replaySigns: number;
  readonly hijackSigns: number;
  readonly recoveries: number;
}

export interface Difference {
  readonly changes: readonly Change[];
  readonly tally: Tally;
}

const NO_TALLY: Tally = {
  ...{ switches: 0, terminated: {}, watched: {} },
  ...{ replaySigns: 0, hijackSigns: 0, recoveries: 0 },
};

/**
 * @param binding the last one that was known; while a session has none, the report names none.
 */
export function differenceOf(
  before: Report | null,
  after: Report,
  binding: string | null,
  heard: { readonly atMs: number; readonly isLate: boolean },
): Difference {
  const changes: Change[] = [];
  const add = (change: Partial<Change> & Pick<Change, 'kind'>) =>
    changes.push({ reason: null, from: null, to: null, count: 1, ...heard, ...change });

  const ended = before === null ? {} : endsBetween(before, after);
  const all =
    before === null ? {} : grown(before.counters, after.counters, isSameOf(before, after));
  // What ended a session is told as its end, and not as a refusal beside it.
  const events = without(all, ended);
  const reason = Object.keys(ended)[0] ?? CAUSES.find((code) => all[code] !== undefined) ?? null;
  if (before?.state !== after.state) {
    add({ kind: 'state', from: before?.state ?? null, to: after.state, reason });
  }
  if (before === null) return { changes, tally: NO_TALLY };

  const switchedBefore = isSameOf(before, after) ? before.switchesTotal : 0;
  const switches = Math.min(COUNT_MAX, Math.max(0, after.switchesTotal - switchedBefore));
  const isElsewhere = after.binding !== null && binding !== null && after.binding !== binding;
  if (isElsewhere || switches > 0) {
    const to = after.binding ?? binding;
    add({ kind: 'switch', reason, from: binding, to, count: Math.max(1, switches) });
  }
  for (const [code, count] of Object.entries(events)) {
    if (isRefusal(code)) add({ kind: 'refused', reason: code, count });
    else if (isNoticed(code)) add({ kind: 'noticed', reason: code, count });
  }
  const [from, to] = [policyOf(before), policyOf(after)];
  if (from !== to) add({ kind: 'policy', from, to });
  for (const [code, count] of Object.entries(ended)) {
    add({ kind: 'terminated', reason: code, from: before.state, count });
  }

  return {
    changes,
    tally: {
      ...{ switches, terminated: ended, watched: watchedOf(all) },
      replaySigns: sumOf(events, REPLAY_SIGNS) + replayedBetween(before, after),
      hijackSigns: sumOf(events, HIJACK_SIGNS),
      recoveries: recoveriesOf(before, after, all),
    },
  };
}

type Counts = Readonly<Record<string, number>>;

const isSameOf = (before: Report, after: Report) => before.boot === after.boot;

/** By reason code, what came since `before`. */
function grown(before: Counts, after: Counts, isSame: boolean): Record<string, number> {
  const events: Record<string, number> = {};
  for (const [code, count] of Object.entries(after)) {
    const more = isSame ? count - (before[code] ?? 0) : count;
    if (more > 0) events[code] = Math.min(COUNT_MAX, more);
  }
  return events;
}

function without(events: Counts, ended: Counts): Record<string, number> {
  const others: Record<string, number> = {};
  for (const [code, count] of Object.entries(events)) {
    const more = count - (ended[code] ?? 0);
    if (more > 0) others[code] = more;
  }
  return others;
}

/** An agent that does not count its ends shows the last one, as long as no other session has begun. */
function endsBetween(before: Report, after: Report): Record<string, number> {
  const isSame = isSameOf(before, after);
  if (after.ended !== null) {
    // Of an earlier version of the fleet: what it had counted by then is not known.
    return isSame && !before.ended ? {} : grown(before.ended ?? {}, after.ended, isSame);
  }
  if (after.state !== 'TERMINATED' && after.terminated === null) return {};
  const isKnown =
    (before.state === 'TERMINATED' || before.terminated !== null) &&
    before.terminated === after.terminated &&
    isSame &&
    before.sessionId === after.sessionId;
  return isKnown ? {} : { [after.terminated ?? NO_REASON]: 1 };
}

function recoveriesOf(before: Report, after: Report, events: Record<string, number>): number {
  const { count } = after.recovery;
  if (before.boot !== after.boot) return count;
  if (count < RECOVERIES_MAX) return Math.max(0, count - before.recovery.count);
  const accepted = (events['reattach_accepted'] ?? 0) + (events['reattach_same_transport'] ?? 0);
  return Math.min(RECOVERIES_MAX, accepted);
}

/** What is heard of from a report of an earlier version of the fleet on counts from the next one. */
function replayedBetween(before: Report, after: Report): number {
  const saidBefore = isSameOf(before, after) ? (before.replayed ?? after.replayed) : 0;
  return Math.min(COUNT_MAX, Math.max(0, after.replayed - saidBefore));
}

function policyOf({ policyName, policyVersion }: Report): string | null {
  return policyName === null ? null : `${policyName} ${policyVersion ?? '?'}`;
}

/** An end takes nothing from them: a transport died all the same. */
function watchedOf(events: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(events).filter(([code]) => isWatched(code)));
}

function sumOf(events: Record<string, number>, codes: ReadonlySet<string>): number {
  let sum = 0;
  for (const [code, count] of Object.entries(events)) if (codes.has(code)) sum += count;
  return sum;
}
