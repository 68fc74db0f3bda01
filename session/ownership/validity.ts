/**
 * How long a lease counts at the hub that holds it.
 *
 * The store counts `ttlMs` from when it receives the request, which is never before the request was sent. So the hub counts
 * from the sending, on its own clock, and a little shorter: then it has stopped before the store lets others in, however
 * late the answer was, as long as the two clocks run at nearly the same rate.
 *
 * @module
 */
import { assert } from '../assert.ts';

export interface LeaseConfig {
  /** Of this process and no other, its restarts included: 16 random bytes in hex. */
  readonly instance: string;
  /** How long the store keeps a lease that nobody renews. */
  readonly ttlMs: number;
}

/** The playbook's bound of a takeover. */
export const LEASE_TTL_MS = 5_000;

/**
 * By how much the store's clock may run faster than the hub's. Chosen: quartz is off by 0.01 %, NTP slews by at most
 * 0.05 % (adjtimex), a virtual machine that is corrected by its host by more than both.
 */
const DRIFT_PERCENT = 1;

/** A renewal starts so often that two may fail before the lease ends. */
const RENEWALS = 3;

/** When a lease that was asked for at `sentAtMs` ends for the hub itself. */
export function validUntilMs(sentAtMs: number, { ttlMs }: LeaseConfig): number {
  return sentAtMs + Math.floor((ttlMs * 100) / (100 + DRIFT_PERCENT));
}

/** Between two renewals; and how long an answer is waited for. */
export function renewalMs({ ttlMs }: LeaseConfig): number {
  assert(ttlMs >= 100, 'a lease lasts longer than its renewals');
  return Math.floor(ttlMs / RENEWALS);
}

/** After a refusal or an unknown outcome. */
export function retryMs({ ttlMs }: LeaseConfig): number {
  return Math.floor(ttlMs / (RENEWALS * RENEWALS));
}
