/**
 * Everything that can happen to a hub's lease, and everything the lease can ask for.
 *
 * A hub holds one lease in the store for all its sessions. It proves to the other hubs that this one may be serving; when it
 * is gone from the store, this one has stopped (docs/protocol.md, "Leases and takeover"). Times are the hub's own monotonic
 * clock, suspended time included (CLOCK_BOOTTIME), never wall time.
 *
 * @module
 */

export type LeaseEvent =
  | { readonly kind: 'tick'; readonly atMs: number }
  | {
      readonly kind: 'answered';
      readonly atMs: number;
      readonly requestId: number;
      /**
       * `refused`: to `acquire`, another process of this hub holds the lease; to `renew`, the store has it no longer.
       * `unknown`: no answer in time, or none that can be trusted; it may have been granted.
       */
      readonly outcome: 'granted' | 'refused' | 'unknown';
    }
  /** The process is about to end in order: nothing is served after this. */
  | { readonly kind: 'stop'; readonly atMs: number };

/** What the store is asked for. It grants for `ttlMs` from when it gets the request. */
export type LeaseRequest =
  /**
   * A lease for this hub where there is none, or in place of an older one of the same process: `instance` is the
   * process, `number` counts its leases. A lease of another process must have ended before.
   */
  | {
      readonly kind: 'acquire';
      readonly requestId: number;
      readonly instance: string;
      readonly number: number;
    }
  /** `ttlMs` more for exactly this lease. One that ended in the store never comes back. */
  | {
      readonly kind: 'renew';
      readonly requestId: number;
      readonly instance: string;
      readonly number: number;
    };

export type LeaseEffect =
  | LeaseRequest
  /** Give it back, so that others need not wait. No answer is expected. */
  | { readonly kind: 'revoke'; readonly instance: string; readonly number: number }
  /** To every seat, as its `lease` event, before anything else is served. */
  | { readonly kind: 'lease'; readonly isValid: boolean };
