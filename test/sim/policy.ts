/**
 * The policies that runs use: those that are shipped, and two of which minutes show more.
 *
 * @module
 */
import { loadPolicy, loadPolicyText } from '../../policies/load.ts';
import { PROFILES } from '../../policies/profiles.ts';
import type { Policy } from '../../policies/schema.ts';
import type { Fault } from './fault.ts';
import type { PolicyVariant } from './options.ts';
import type { Scenario } from './scenario.ts';

/** The default with hold-downs of which a few minutes see the end. */
const QUICK = { switching: { failback_stable_ms: 10_000, penalty_max_ms: 60_000 } };

/** The same, and nobody goes back to a link for being preferred. */
const STAYING = { switching: { ...QUICK.switching, failback: 'on_failure' } };

/** Every bound so tight that runs meet it. */
const STRICT = {
  session: {
    ttl_ms: 60_000,
    transport_ttl_ms: 9_000,
    recovery_window_ms: 8_000,
    birth_deadline_ms: 15_000,
    degraded_max_ms: 10_000,
  },
  quality: {
    loss_enter_percent: 10,
    loss_leave_percent: 5,
    rtt_enter_ms: 300,
    rtt_leave_ms: 200,
    jitter_enter_ms: 60,
    jitter_leave_ms: 30,
  },
  switching: {
    max_switches_per_minute: 3,
    cooldown_ms: 500,
    failback: 'always',
    failback_stable_ms: 3_000,
    penalty_max_ms: 10_000,
  },
  links: { lte: { cost_class: 'never' } },
  admission: {
    reattach_per_session_per_minute: 5,
    reattach_per_prefix_per_second: 3,
    new_sessions_per_second: 2,
  },
};

const OWN = { quick: QUICK, staying: STAYING, strict: STRICT } as const;

export function policyOf(variant: PolicyVariant): Policy {
  const known = cache.get(variant);
  if (known !== undefined) return known;
  const loaded =
    variant === 'quick' || variant === 'strict' || variant === 'staying'
      ? loadPolicy(OWN[variant])
      : loadPolicyText(PROFILES[variant], Bun.TOML.parse);
  if (!loaded.ok) throw new Error(`policy ${variant}: ${JSON.stringify(loaded.problems)}`);
  const policy = variant === 'metered-lte' ? withBudgets(loaded.policy) : loaded.policy;
  cache.set(variant, policy);
  return policy;
}

/** The tables of a policy file. */
export function tableOf(variant: PolicyVariant): Readonly<Record<string, unknown>> {
  return variant === 'quick' || variant === 'strict' || variant === 'staying'
    ? OWN[variant]
    : (Bun.TOML.parse(PROFILES[variant]) as Record<string, unknown>);
}

/** Budgets that minutes see the end of, also on the link that is preferred. */
function withBudgets(policy: Policy): Policy {
  const { ethernet, lte } = policy.links;
  const metered = { costClass: 'metered', dailyBytesMax: 40_000 } as const;
  return {
    ...policy,
    links: {
      ...policy.links,
      ethernet: { ...ethernet!, ...metered },
      lte: { ...lte!, ...metered },
    },
  };
}

const cache = new Map<PolicyVariant, Policy>();

export type PolicyFault = Extract<Fault, { kind: 'policy' | 'policyReload' }>;

export const isPolicyFault = (fault: Fault): fault is PolicyFault =>
  fault.kind === 'policy' || fault.kind === 'policyReload';

/** The most that any policy of the scenario's hubs allows in a minute: it may change while a run goes on. */
export function switchesMaxIn({ options, faults }: Scenario): number {
  const later = faults.flatMap((fault) =>
    isPolicyFault(fault) && fault.machine.role === 'hub' ? [fault.policy] : [],
  );
  const caps = [options.policy, ...later].map(
    (variant) => policyOf(variant).switching.maxSwitchesPerMinute,
  );
  return Math.max(...caps);
}
