/**
 * What a device is held to in a scenario: the loosest bounds of the policies that its machine uses, plus the
 * time that it sleeps.
 *
 * @module
 */
import { policyOf } from '../policy.ts';
import type { Scenario } from '../scenario.ts';
import type { DeviceBounds } from './devices.ts';

/** A clock that drifts, and the world's steps of an eighth of a millisecond. */
const ROUNDING_MS = 5;

export function boundsIn({ options, faults }: Scenario, device: number): DeviceBounds {
  const own = faults.flatMap((fault) => {
    if (fault.kind !== 'policy' && fault.kind !== 'suspend') return [];
    return fault.machine.role === 'device' && fault.machine.index === device ? [fault] : [];
  });
  const variants = own.flatMap((fault) => (fault.kind === 'policy' ? [fault.policy] : []));
  const policies = [options.policy, ...variants].map(policyOf);
  const sleeps = own.map((fault) => (fault.kind === 'suspend' ? fault.forMs * 1.01 : 0));
  const most = (of: (policy: (typeof policies)[number]) => number) => Math.max(...policies.map(of));
  return {
    ttlMs: most(({ session }) => session.ttlMs),
    transportTtlMs: most(({ session }) => session.transportTtlMs),
    recoveryWindowMs: most(({ session }) => session.recoveryWindowMs),
    penaltyMaxMs: Math.min(...policies.map(({ switching }) => switching.penaltyMaxMs)),
    slackMs: sleeps.reduce((sum, ms) => sum + ms, ROUNDING_MS),
  };
}
