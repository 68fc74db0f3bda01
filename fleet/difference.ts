/**
 * What happened to a device between two of its reports. Pure.
 *
 * Counters only grow within one process and begin at nothing in the next, so a new process says everything since it
 * started. Of the first report that is ever heard of a device nothing can be told.
 *
 * @module
 */
import type { Change } from './change.ts';
import { RECOVERIES_MAX, type Report } from './report.ts';
import { CAUSES, HIJACK_SIGNS, isNoticed, isRefusal, REPLAY_SIGNS } from './signs.ts';

/** What the fleet counts of it. */
export interface Tally {
  readonly switches: number;
  /** Reason code of a session that ended, or null. */
  readonly terminated: string | null;
  readonly replaySigns: number;
  readonly hijackSigns: number;
  readonly recoveries: number;
}

export interface Difference {
  readonly changes: readonly Change[];
  readonly tally: Tally;
}

const NO_TALLY: Tally = {
  ...{ switches: 0, terminated: null, replaySigns: 0, hijackSigns: 0, recoveries: 0 },
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

  const events = before === null ? {} : grown(before, after);
  const reason = CAUSES.find((code) => events[code] !== undefined) ?? null;
  if (before?.state !== after.state) {
    add({ kind: 'state', from: before?.state ?? null, to: after.state, reason });
  }
  if (before === null) return { changes, tally: NO_TALLY };

  const isSame = before.boot === after.boot;
  const switches = isSame
    ? Math.max(0, after.switchesTotal - before.switchesTotal)
    : after.switchesTotal;
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
  const terminated = endOf(before, after);
  if (terminated !== null) add({ kind: 'terminated', reason: terminated, from: before.state });

  return {
    changes,
    tally: {
      ...{ switches, terminated },
      replaySigns: sumOf(events, REPLAY_SIGNS),
      hijackSigns: sumOf(events, HIJACK_SIGNS),
      recoveries: recoveriesOf(before, after, events),
    },
  };
}

/** Events by reason code that came since `before`. */
function grown(before: Report, after: Report): Record<string, number> {
  const isSame = before.boot === after.boot;
  const events: Record<string, number> = {};
  for (const [code, count] of Object.entries(after.counters)) {
    const more = isSame ? count - (before.counters[code] ?? 0) : count;
    if (more > 0) events[code] = more;
  }
  return events;
}

function endOf(before: Report, after: Report): string | null {
  const isKnown =
    before.terminated === after.terminated &&
    before.boot === after.boot &&
    before.sessionId === after.sessionId;
  return isKnown ? null : after.terminated;
}

function recoveriesOf(before: Report, after: Report, events: Record<string, number>): number {
  const { count } = after.recovery;
  if (before.boot !== after.boot) return count;
  if (count < RECOVERIES_MAX) return Math.max(0, count - before.recovery.count);
  const accepted = (events['reattach_accepted'] ?? 0) + (events['reattach_same_transport'] ?? 0);
  return Math.min(RECOVERIES_MAX, accepted);
}

function policyOf({ policyName, policyVersion }: Report): string | null {
  return policyName === null ? null : `${policyName} ${policyVersion ?? '?'}`;
}

function sumOf(events: Record<string, number>, codes: ReadonlySet<string>): number {
  let sum = 0;
  for (const [code, count] of Object.entries(events)) if (codes.has(code)) sum += count;
  return sum;
}
