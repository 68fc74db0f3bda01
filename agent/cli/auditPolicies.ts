/**
 * The bounds that an audit holds logs to, of the policies that were in force while they were written.
 *
 * Pure: policies in, bounds out.
 *
 * @module
 */
import type { Policy } from '../../policies/schema.ts';
import type { Bounds } from '../../session/invariants/stream/ledger.ts';

/**
 * Each version has its own switch cap. A bound of time may have begun under any of `policies`, so it is the loosest.
 *
 * @param policies at least one, each of another version.
 */
export function boundsOf(policies: readonly Policy[]): Bounds {
  const most = (read: (policy: Policy) => number) => Math.max(...policies.map(read));
  return {
    ttlMs: most(({ session }) => session.ttlMs),
    transportTtlMs: most(({ session }) => session.transportTtlMs),
    recoveryWindowMs: most(({ session }) => session.recoveryWindowMs),
    maxSwitchesPerMinute: most(({ switching }) => switching.maxSwitchesPerMinute),
    switchesMaxByVersion: new Map(
      policies.map(({ version, switching }) => [version, switching.maxSwitchesPerMinute]),
    ),
    // A link may be gone back to when its penalty is over: the shortest is the loosest.
    penaltyMaxMs: Math.min(...policies.map(({ switching }) => switching.penaltyMaxMs)),
  };
}

/** The shipped policy, for whatever versions logs name. */
export function boundsOfDefault(policy: Policy): Bounds {
  const { switchesMaxByVersion: _, ...bounds } = boundsOf([policy]);
  return bounds;
}
