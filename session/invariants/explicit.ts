/**
 * I8 explicit: every transition is a row of the table, with one reason and one event of its own.
 *
 * Feed it the events of one session in their order; the first may start anywhere.
 *
 * @module
 */
import type { AuditEvent } from '../audit.ts';
import { nextState, type State, TRIGGERS } from '../transitions.ts';

/** What is wrong with `event` after a session was last seen in `state` (null: not seen), or null. */
export function strayTransition(state: State | null, event: AuditEvent): string | null {
  if (event.event !== 'transition') {
    return event.from === null && event.to === null
      ? null
      : 'I8: a move without a transition event';
  }
  const { from, to } = event;
  if (from === null || to === null) return 'I8: a transition names both its states';
  if (!TRIGGERS.some((trigger) => nextState(from, trigger) === to)) {
    return `I8: ${from} → ${to} is no row of the table`;
  }
  // A session that follows an ended one begins in BIRTH.
  const isBegin = from === 'BIRTH' && (state === null || state === 'TERMINATED');
  if (state !== null && state !== from && !isBegin) {
    return `I8: ${from} → ${to}, but the session was last seen in ${state}`;
  }
  return null;
}
