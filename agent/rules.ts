/**
 * From a policy to the numbers the tunnel thread follows.
 *
 * @module
 */
import { linkRules } from '../policies/links.ts';
import type { Policy } from '../policies/schema.ts';
import type { DeviceLimits } from '../session/device/limits.ts';
import type { LinkSpending } from '../session/flash/spending.ts';
import type { AgentLink } from './config.ts';
import type { TunnelRules } from './messages.ts';
import type { Metering } from './metering.ts';

/** Of the window; what is left is for whatever the policy makes the session do first (chosen). */
const HELD_PART = 0.5;

/** How long a session has to hold under this policy while it is on trial (`proven.ts`), in ms. */
export function trialHoldMs({ push }: Policy): number {
  return push.confirmWindowMs * HELD_PART;
}

export function tunnelRules(policy: Policy, links: readonly AgentLink[]): TunnelRules {
  return {
    limits: deviceLimits(policy),
    resendBufferBytes: policy.resend.bufferBytes,
    linkPolicies: Object.fromEntries(
      links.map(({ name, kind }) => {
        const { preference, costClass } = linkRules(policy.links, name, kind);
        return [name, { preference, cost: costClass }];
      }),
    ),
  };
}

/** Which links have a budget, and what flash remembers of those. */
export function linkMetering(
  policy: Policy,
  links: readonly AgentLink[],
  spent: readonly LinkSpending[],
): Metering {
  const budgets = Object.fromEntries(
    links.flatMap(({ name, kind }) => {
      const { costClass, dailyBytesMax } = linkRules(policy.links, name, kind);
      return costClass === 'metered' && dailyBytesMax > 0 ? [[name, dailyBytesMax]] : [];
    }),
  );
  return { budgets, spent };
}

function deviceLimits({ session, liveness, quality, switching, resend }: Policy): DeviceLimits {
  const { volatileToDegradedMs, ...floors } = quality;
  return {
    sessionTtlMs: session.ttlMs,
    transportTtlMs: session.transportTtlMs,
    recoveryWindowMs: session.recoveryWindowMs,
    birthDeadlineMs: session.birthDeadlineMs,
    degradedMaxMs: session.degradedMaxMs,
    ...liveness,
    quality: floors,
    volatileToDegradedMs,
    ...switching,
    resendMaxAgeMs: resend.maxAgeMs,
  };
}
