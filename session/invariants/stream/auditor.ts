/**
 * Replays audit streams against the invariants that streams can show.
 *
 * Pure: logs and the policy's bounds in, verdicts out. A verdict that checked nothing has proven nothing, so it
 * says how much it checked. The rules are those of `session/invariants/*.ts`, which the daemons and the simulator
 * use as well; what the others leave no trace of is listed in {@link NOT_IN_LOGS}.
 *
 * @module
 */
import {
  feedBoundedRecovery,
  feedBoundedSwitching,
  feedExplicit,
  feedNoReplay,
  feedNoRollback,
  feedNoSilentReset,
  feedOneOwner,
} from './feed.ts';
import { type Bounds, Ledger, type Violation } from './ledger.ts';
import type { AuditStream } from './record.ts';
import { feedSingleBinding } from './twoLogs.ts';

type Feed = (streams: readonly AuditStream[], ledger: Ledger, bounds: Bounds) => void;

// biome-ignore format: this is a table
const CHECKS: readonly (readonly [id: string, name: string, feed: Feed])[] = [
  ['I1', 'single-binding',    feedSingleBinding],
  ['I2', 'no-silent-reset',   feedNoSilentReset],
  ['I3', 'bounded-recovery',  feedBoundedRecovery],
  ['I4', 'no-rollback',       feedNoRollback],
  ['I5', 'no-replay',         feedNoReplay],
  ['I6', 'one-owner',         feedOneOwner],
  ['I7', 'bounded-switching', feedBoundedSwitching],
  ['I8', 'explicit',          feedExplicit],
];

/** What no log can show, and who looks instead. */
// biome-ignore format: this is a table
export const NOT_IN_LOGS: readonly (readonly [id: string, name: string, where: string])[] = [
  ['I9',  'fail-closed',           'asserted by both daemons after each step; packets watched by the simulation'],
  ['I10', 'telemetry-independent', 'no event of the core comes from telemetry; runs compared by the simulation'],
  ['I11', 'bounded-memory',        'asserted by both daemons after each step; queues watched by the simulation'],
  ['I12', 'nonce-once',            'asserted at each counter and slot; datagrams watched by the simulation'],
];

/** What the events that a device publishes cannot show either, and what does. */
// biome-ignore format: this is a table
export const NOT_IN_EVENTS: readonly (readonly [id: string, name: string, where: string])[] = [
  ['I1', 'single-binding', 'takes the audit logs of both ends: claims are not published'],
  ['I5', 'no-replay',      'takes the audit log of the device: claims are not published'],
  ['I6', 'one-owner',      'takes the audit logs of the hubs'],
];

export interface InvariantVerdict {
  readonly id: string;
  readonly name: string;
  readonly checked: number;
  readonly violations: readonly Violation[];
  /** Policy versions of which it had no bounds, ascending: what was done under them is not among `checked`. */
  readonly unjudgedVersions: readonly number[];
}

export function auditStreams(
  streams: readonly AuditStream[],
  bounds: Bounds,
): readonly InvariantVerdict[] {
  return judged(CHECKS, streams, bounds);
}

/** The same of what devices published: each stream without a gap, and `hasClaims` false. */
export function auditEvents(
  streams: readonly AuditStream[],
  bounds: Bounds,
): readonly InvariantVerdict[] {
  const shown = CHECKS.filter(([id]) => !NOT_IN_EVENTS.some(([other]) => other === id));
  return judged(shown, streams, bounds);
}

function judged(
  checks: typeof CHECKS,
  streams: readonly AuditStream[],
  bounds: Bounds,
): readonly InvariantVerdict[] {
  return checks.map(([id, name, feed]) => {
    const ledger = new Ledger();
    feed(streams, ledger, bounds);
    const { checked, violations } = ledger;
    const unjudgedVersions = [...ledger.unjudgedVersions].toSorted((a, b) => a - b);
    return { id, name, checked, violations, unjudgedVersions };
  });
}
