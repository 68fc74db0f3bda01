/**
 * This hub's lease on the tunnel thread: where several hubs share the store, seats serve only under it.
 *
 * Joins the lease core (session/ownership) to the store on the main thread and to all seats. The thread
 * calls {@link LeaseHolder.onTime} before every batch and every message, so that a hub whose lease has
 * ended forwards nothing any more, whatever else it has to do.
 *
 * @module
 */
import type { LeaseEvent } from '../session/ownership/event.ts';
import { type Lease, leaseDeadline, newLease, stepLease } from '../session/ownership/lease.ts';
import type { LeaseConfig } from '../session/ownership/validity.ts';
import type { FromHub, ToHub } from './messages.ts';

interface HolderParts {
  readonly config: LeaseConfig;
  readonly nowMs: () => number;
  readonly post: (message: FromHub) => void;
  /** Tell every seat. */
  readonly tell: (isValid: boolean, atMs: number) => void;
}

export class LeaseHolder {
  readonly #parts: HolderParts;
  #lease: Lease;
  #deadlineMs: number | null;

  constructor(parts: HolderParts) {
    this.#parts = parts;
    this.#lease = newLease(parts.nowMs());
    this.#deadlineMs = leaseDeadline(this.#lease, parts.config);
  }

  /** When `onTime` has something to do at the latest; null: the hub is about to end. */
  nextDeadlineMs(): number | null {
    return this.#deadlineMs;
  }

  onTime(atMs: number): void {
    if (this.#deadlineMs !== null && this.#deadlineMs <= atMs) this.#feed({ kind: 'tick', atMs });
  }

  onAnswered({ requestId, outcome }: Extract<ToHub, { kind: 'leaseAnswered' }>): void {
    this.#feed({ kind: 'answered', atMs: this.#parts.nowMs(), requestId, outcome });
  }

  /** Serve nothing more, and give the lease back. */
  stop(): void {
    this.#feed({ kind: 'stop', atMs: this.#parts.nowMs() });
  }

  #feed(event: LeaseEvent): void {
    const { config, post, tell } = this.#parts;
    const { lease, effects } = stepLease(this.#lease, event, config);
    this.#lease = lease;
    this.#deadlineMs = leaseDeadline(lease, config);
    for (const effect of effects) {
      if (effect.kind === 'lease') tell(effect.isValid, event.atMs);
      else post({ kind: 'askLease', request: effect });
    }
  }
}
