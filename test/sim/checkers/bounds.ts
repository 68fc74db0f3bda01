/**
 * What a device is held to in a scenario: the loosest bounds of the policies that its machine uses.
 *
 * @module
 */
import { idleCost } from '../../../policies/budget.ts';
import { linkRules } from '../../../policies/links.ts';
import type { Policy } from '../../../policies/schema.ts';
import type { SessionRecord } from '../../../session/hub/record.ts';
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

/** How late a device may know that its idle binding is silent, by `policy`. */
export function noticeMsOf(policy: Policy, { linkName, linkKind }: SessionRecord): number {
  const { idleSilenceMs, meteredIdleSilenceMs } = idleCost(policy, 4);
  const { costClass } = linkRules(policy.links, linkName, linkKind);
  return costClass === 'metered' ? meteredIdleSilenceMs : idleSilenceMs;
}
