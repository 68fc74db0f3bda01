/**
 * What a device is held to in a scenario: the loosest bounds of the policies that its machine uses.
 *
 * @module
 */
import { isPolicyFault, policyOf } from '../policy.ts';
import type { Scenario } from '../scenario.ts';
import type { DeviceBounds } from './devices.ts';

/** A clock that drifts, and the world's steps of an eighth of a millisecond. */
const ROUNDING_MS = 5;

export function boundsIn({ options, faults }: Scenario, device: number): DeviceBounds {
  const own = faults.flatMap((fault) => {
    if (!isPolicyFault(fault)) return [];
    const { role, index } = fault.machine;
    return role === 'device' && index === device ? [fault.policy] : [];
  });
  const policies = [options.policy, ...own].map(policyOf);
  const most = (of: (policy: (typeof policies)[number]) => number) => Math.max(...policies.map(of));
  return {
    ttlMs: most(({ session }) => session.ttlMs),
    transportTtlMs: most(({ session }) => session.transportTtlMs),
    recoveryWindowMs: most(({ session }) => session.recoveryWindowMs),
    penaltyMaxMs: Math.min(...policies.map(({ switching }) => switching.penaltyMaxMs)),
    slackMs: ROUNDING_MS,
  };
}
