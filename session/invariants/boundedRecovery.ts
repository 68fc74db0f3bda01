/**
 * I3 bounded-recovery: RECOVERING ends within its window; nothing is without a transport beyond its TTL; no session
 * outlives its TTL.
 *
 * Time without a transport adds up over recoveries until ten seconds of ATTACHED have proven a binding. A restarted
 * device begins a new recovery; a restarted hub goes on with the one it was in.
 *
 * Source: docs/protocol.md, "Choosing and bounding". Asserted by the device after each step, by the hub after each
 * tick (its claims are judged by the same bounds in between).
 *
 * @module
 */
import { isRestart, type WatchedEvent } from './watchedEvent.ts';

/** What is wrong with deadlines that are still there after `nowMs` was dealt with, or null. */
export function overdue(
  nowMs: number,
  deadlines: Readonly<Record<string, number | null>>,
): string | null {
  for (const [name, atMs] of Object.entries(deadlines)) {
    if (atMs !== null && atMs <= nowMs) return `I3: ${name} was due ${nowMs - atMs} ms ago`;
  }
  return null;
}

/** What is wrong with a state that must have these deadlines, or null. */
export function unbounded(
  state: string,
  deadlines: Readonly<Record<string, number | null>>,
): string | null {
  for (const [name, atMs] of Object.entries(deadlines)) {
    if (atMs === null) return `I3: ${state} without ${name}`;
  }
  return null;
}

export interface RecoveryBounds {
  readonly ttlMs: number;
  readonly transportTtlMs: number;
  readonly recoveryWindowMs: number;
}

/** So long in ATTACHED, and the transport TTL starts anew (docs/protocol.md, "Choosing and bounding"). */
const PROVEN_AFTER_MS = 10_000;

/** Sums of fractional milliseconds are off by less than this. */
const ROUNDING_MS = 0.001;

/** One session in one writer's events. */
export class RecoveryWatch {
  readonly #bounds: RecoveryBounds;
  readonly #slackMs: number;
  #bornAtMs: number | null = null;
  #recoveringSinceMs: number | null = null;
  #attachedSinceMs: number | null = null;
  /** Spent without a transport in the recoveries before this one. */
  #spentMs = 0;
  #wasRestarted = false;
  #hasEnded = false;

  /** @param slackMs how late a deadline may be obeyed: 0 in virtual time, a busy machine's worth in a log. */
  constructor(bounds: RecoveryBounds, slackMs: number) {
    this.#bounds = bounds;
    this.#slackMs = slackMs + ROUNDING_MS;
  }

  see(event: WatchedEvent): string | null {
    const { from, to, atMs } = event;
    this.#bornAtMs ??= atMs;
    if (isRestart(event, 'agent_restarted')) this.#restart(atMs);
    if (event.event !== 'transition') return null;
    if (from === 'ATTACHED' && this.#attachedSinceMs !== null) {
      if (atMs - this.#attachedSinceMs >= PROVEN_AFTER_MS) this.#spentMs = 0;
      this.#attachedSinceMs = null;
    }
    let fault: string | null = null;
    if (this.#recoveringSinceMs !== null && to !== 'RECOVERING') {
      fault = this.at(atMs);
      this.#spentMs += atMs - this.#recoveringSinceMs;
      this.#recoveringSinceMs = null;
    }
    if (to === 'RECOVERING') this.#recoveringSinceMs = atMs;
    if (to === 'ATTACHED') this.#attachedSinceMs = atMs;
    if (to === 'TERMINATED') {
      fault ??= this.at(atMs);
      this.#hasEnded = true;
    }
    return fault;
  }

  /** What has gone on too long at `nowMs`, or null. */
  at(nowMs: number): string | null {
    if (this.#hasEnded || this.#bornAtMs === null) return null;
    const { ttlMs, transportTtlMs, recoveryWindowMs } = this.#bounds;
    const slackMs = this.#slackMs;
    const tookMs = nowMs - (this.#recoveringSinceMs ?? nowMs);
    if (tookMs > recoveryWindowMs + slackMs) {
      return `I3: RECOVERING for ${Math.round(tookMs)} ms, its window is ${recoveryWindowMs}`;
    }
    const spentMs = this.#spentMs + tookMs;
    if (this.#recoveringSinceMs !== null && spentMs > transportTtlMs + slackMs) {
      return `I3: ${Math.round(spentMs)} ms without a transport, its TTL is ${transportTtlMs}`;
    }
    const ageMs = nowMs - this.#bornAtMs;
    // A device that restarts near the end asks the hub again, for one window at most.
    const grantedMs = this.#wasRestarted ? recoveryWindowMs : 0;
    if (ageMs <= ttlMs + grantedMs + slackMs) return null;
    return `I3: a session of ${Math.round(ageMs)} ms, its TTL is ${ttlMs}`;
  }

  #restart(atMs: number): void {
    this.#recoveringSinceMs = atMs;
    this.#attachedSinceMs = null;
    this.#spentMs = 0;
    this.#wasRestarted = true;
  }
}
