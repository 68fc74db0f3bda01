/**
 * Whether what a session said of a cut is what was done to it. Pure: audit rows in, verdict out.
 *
 * @module
 */
import type { Expectation } from './classes.ts';

/** The part of an audit row (hal/linux/auditLog.ts) that is looked at here. */
export interface AuditFact {
  readonly event: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly reason_code: string;
  readonly session_id: string | null;
  readonly transport: string | null;
}

export interface Verdict {
  /** Of the first transition after the cut, or `one_way_in` where the hub said more of it; `none` if there was none. */
  readonly reason: string;
  /** What is wrong with it, in words; null if nothing is. */
  readonly fault: string | null;
  /** Committed changes of transport. */
  readonly switches: number;
}

/** @param before the session and the transport when the cut was made. */
export function verdictOf(
  rows: readonly AuditFact[],
  before: Pick<AuditFact, 'session_id' | 'transport'>,
  expected: Expectation,
): Verdict {
  const transitions = rows.filter(({ event }) => event === 'transition');
  const isOneWayIn = wasOneWayIn(rows);
  const reason = isOneWayIn ? 'one_way_in' : (transitions[0]?.reason_code ?? 'none');
  const bindings = [
    before.transport,
    ...transitions.filter(({ to }) => to === 'ATTACHED').map(({ transport }) => transport),
  ];
  const switches = bindings.filter((binding, at) => at > 0 && binding !== bindings[at - 1]).length;
  const fault =
    faultOf(transitions, before.session_id, expected) ??
    (isOneWayIn === (expected.isOneWayIn ?? false)
      ? null
      : `the hub ${isOneWayIn ? 'said that only the way in was dead' : 'did not say which way was dead'}`);
  return { reason, fault, switches };
}

/** A device that hears nothing cannot know; the hub's answer to its claim says what it heard meanwhile. */
const wasOneWayIn = (rows: readonly AuditFact[]): boolean =>
  rows.some(({ event, reason_code }) => event === 'notice' && reason_code === 'one_way_in');

function faultOf(
  transitions: readonly AuditFact[],
  sessionId: string | null,
  { causes, mayStay, isDeath }: Expectation,
): string | null {
  const first = transitions[0];
  if (first === undefined) return mayStay ? null : 'nothing was said of it';
  if (!causes.some((cause) => cause === first.reason_code)) {
    return `${first.reason_code} instead of ${causes.join(' or ') || 'nothing'}`;
  }
  const ended = transitions.find(({ to }) => to === 'TERMINATED');
  if (ended !== undefined) return `the session ended: ${ended.reason_code}`;
  if (transitions.some(({ session_id }) => session_id !== sessionId)) return 'another session';
  const dead = transitions.find(({ from, to }) => from !== 'RECOVERING' && to === 'RECOVERING');
  if (!isDeath && dead !== undefined) return `given up for dead: ${dead.reason_code}`;
  return null;
}
