/**
 * I2 no-silent-reset: session_id changes only through TERMINATED and an explicit creation that names its predecessor.
 *
 * Source: docs/protocol.md, "States". Asserted by the device after each step, by the hub for each swap; the watch sees
 * one writer's events over its restarts. Three changes need no explanation: a session that was still in BIRTH when its
 * process died has nothing to resume with, and the next one is another attempt; a device that lost its flash cannot name
 * what it forgot (the hub ends that session and names it); a hub that restarts, or is told of another owner's record,
 * goes on with the session that the store holds, whose own chain is judged at its commit.
 *
 * @module
 */
import { isRestart, type WatchedEvent } from './watchedEvent.ts';

export interface Succession {
  readonly beforeId: string | null;
  readonly afterId: string | null;
  /** The session before has ended: TERMINATED, or ended by the very swap that creates the other. */
  readonly hasEnded: boolean;
  /** What the new one names as its predecessor. */
  readonly namedId: unknown;
}

/** What is wrong with one session following another, or null. */
export function silentReset({ beforeId, afterId, hasEnded, namedId }: Succession): string | null {
  if (beforeId === null || afterId === beforeId) return null;
  if (afterId === null) return `I2: session ${beforeId} vanished`;
  if (!hasEnded) return `I2: session ${afterId} appeared while ${beforeId} had not ended`;
  if (namedId === beforeId) return null;
  return `I2: session ${afterId} follows ${beforeId}, but names ${namedId ?? 'none'}`;
}

/** The writer goes on with what somebody else wrote down, or knows nothing any more. */
const FORGETTING = ['flash_lost', 'ownership_conflict'];

/** One device in one writer's events, in their order. */
export class SessionWatch {
  #beforeId: string | null = null;
  #hasEnded = false;
  /** It was attached once, or ended: it is more than an attempt. */
  #hasBegun = false;
  #isForgotten = false;

  see(event: WatchedEvent): string | null {
    const { sessionId, reasonCode } = event;
    const isHubRestart = isRestart(event, 'hub_restarted');
    if (isHubRestart || FORGETTING.includes(reasonCode)) this.forget();
    if (sessionId === null) return null;
    const isSame = sessionId === this.#beforeId;
    const fault = isSame ? null : this.#change(event, sessionId);
    if (isSame && isHubRestart) this.#isForgotten = false;
    // A log may begin in the middle of a session's life.
    const isCreation = reasonCode === 'session_created';
    if (event.event === 'transition' || (!isSame && !isCreation)) this.#hasBegun = true;
    if (event.to === 'TERMINATED') this.#hasEnded = true;
    return fault;
  }

  /** What came before may be unknown to whoever comes next. */
  forget(): void {
    this.#isForgotten = true;
  }

  #change({ detail }: WatchedEvent, afterId: string): string | null {
    const beforeId = this.#beforeId;
    // What nobody had attached yet when its process died is an attempt; a restart makes another.
    const isKnown = beforeId !== null && this.#hasBegun && !this.#isForgotten;
    const namedId = detail['previousSessionId'];
    const fault = isKnown
      ? silentReset({ beforeId, afterId, hasEnded: this.#hasEnded, namedId })
      : null;
    this.#beforeId = afterId;
    this.#hasEnded = false;
    this.#hasBegun = false;
    this.#isForgotten = false;
    return fault;
  }
}
