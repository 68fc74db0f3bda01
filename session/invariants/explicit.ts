/**
 * I8 explicit: every transition has one reason_code and one event; TERMINATED without a reason is a defect.
 *
 * Every transition is a row of the table, the transitions of a session chain without a gap, and no event is missing.
 *
 * Source: docs/protocol.md, "Transitions". Asserted by both daemons after each step.
 *
 * @module
 */
import { isReasonCode } from '../reasons.ts';
import { nextState, type State, TRIGGERS } from '../transitions.ts';
import { isRestart, type WatchedEvent } from './watchedEvent.ts';

/** What is wrong with `event` after a session was last seen in `state` (null: not seen), or null. */
export function strayTransition(state: State | null, event: WatchedEvent): string | null {
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

/** What is wrong with a reason, or null: there is exactly one, and it is in the table. */
export function unknownReason(reasonCode: string): string | null {
  return isReasonCode(reasonCode) ? null : `I8: ${reasonCode} is no reason that is known`;
}

/** What is wrong with an end, or null. */
export function unexplainedEnd(state: State | null, terminated: string | null): string | null {
  return state === 'TERMINATED' && terminated === null ? 'I8: TERMINATED without a reason' : null;
}

/** What is wrong with a state that changed in one step by these events, or null. */
export function silentMove(
  before: State | null,
  after: State | null,
  events: readonly WatchedEvent[],
): string | null {
  let state = before;
  for (const event of events) {
    const fault = strayTransition(state, event) ?? unknownReason(event.reasonCode);
    if (fault !== null) return fault;
    if (event.event === 'transition') state = event.to;
  }
  return state === after || state === null || after === null
    ? null
    : `I8: ${state} became ${after} without an event`;
}

/** What is wrong with the number of an event after another of the same writer, or null: a gap is a loss. */
export function seqFault(before: number | null, seq: number): string | null {
  return before === null || seq === before + 1 ? null : `I8: seq ${seq} follows ${before}`;
}

/** One session in one writer's events. */
export class ExplicitWatch {
  #state: State | null = null;

  see(event: WatchedEvent): string | null {
    const fault = unknownReason(event.reasonCode) ?? strayTransition(this.#state, event);
    this.#state = stateAfter(this.#state, event);
    return fault;
  }
}

/**
 * The state that a session is in after `event`, as its events tell; null: not told yet.
 *
 * A restart is no transition: the device says where it goes on, the hub shows it with its next one.
 */
export function stateAfter(
  state: State | null,
  event: Pick<WatchedEvent, 'event' | 'reasonCode' | 'to'>,
): State | null {
  if (event.event === 'transition') return event.to;
  if (isRestart(event, 'agent_restarted')) return 'RECOVERING';
  if (event.event === 'notice' && event.reasonCode === 'session_created') return 'BIRTH';
  return isRestart(event, 'hub_restarted') ? null : state;
}
