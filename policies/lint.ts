/**
 * Rules between fields of a policy: what no field can see alone.
 *
 * Data where a rule compares two fields, a function elsewhere; `docs/policy.md` lists both from
 * here. Source: docs/protocol.md, "Choosing and bounding" and "Policy".
 *
 * @module
 */
import { camelCase } from './field.ts';
import { allowedLinkKinds, LINK_KINDS } from './links.ts';
import { type Problem, problem } from './problem.ts';
import type { Policy } from './schema.ts';

export interface OrderRule {
  readonly lower: string;
  readonly upper: string;
  /** Whether the two may be equal. */
  readonly mayBeEqual: boolean;
  readonly why: string;
}

const RECOVERIES = 'a transportless time may span several recoveries';
const HYSTERESIS = 'enter and leave values must differ, or the verdict flickers';
const METERED = 'what costs money is asked less often than what is free';

// biome-ignore format: this is a table
export const ORDER_RULES: readonly OrderRule[] = [
  { lower: 'session.recovery_window_ms',      upper: 'session.transport_ttl_ms',            mayBeEqual: true,  why: RECOVERIES },
  { lower: 'session.transport_ttl_ms',        upper: 'session.ttl_ms',                      mayBeEqual: true,  why: 'nothing outlives the session' },
  { lower: 'session.birth_deadline_ms',       upper: 'session.ttl_ms',                      mayBeEqual: true,  why: 'nothing outlives the session' },
  { lower: 'liveness.active_linger_ms',       upper: 'liveness.heartbeat_idle_ms',          mayBeEqual: true,  why: 'the first idle probe comes after the linger time' },
  { lower: 'quality.loss_leave_percent',      upper: 'quality.loss_enter_percent',          mayBeEqual: false, why: HYSTERESIS },
  { lower: 'quality.rtt_leave_ms',            upper: 'quality.rtt_enter_ms',                mayBeEqual: false, why: HYSTERESIS },
  { lower: 'quality.jitter_leave_ms',         upper: 'quality.jitter_enter_ms',             mayBeEqual: false, why: HYSTERESIS },
  { lower: 'quality.settle_ms',               upper: 'quality.volatile_to_degraded_ms',     mayBeEqual: false, why: 'a session whose quality came back must not be called DEGRADED first' },
  { lower: 'liveness.standby_probe_ms',       upper: 'liveness.metered_standby_probe_ms',   mayBeEqual: true,  why: METERED },
  { lower: 'liveness.heartbeat_idle_ms',      upper: 'liveness.metered_standby_probe_ms',   mayBeEqual: true,  why: METERED },
  { lower: 'liveness.metered_keepalive_ms',   upper: 'liveness.metered_standby_probe_ms',   mayBeEqual: true,  why: 'a probe replaces a keepalive, not the reverse' },
  { lower: 'telemetry.health_interval_ms',    upper: 'telemetry.metered_health_interval_ms', mayBeEqual: true, why: METERED },
  { lower: 'telemetry.mqtt_keepalive_ms',     upper: 'telemetry.metered_mqtt_keepalive_ms', mayBeEqual: true,  why: METERED },
  { lower: 'switching.max_switches_per_minute', upper: 'admission.reattach_per_session_per_minute', mayBeEqual: true, why: 'each switch is a reattach' },
];

/** Rules that do not compare two fields, each with the sentence that the reference prints. */
export const OTHER_RULES: readonly {
  readonly says: string;
  readonly problems: (policy: Policy) => Problem[];
}[] = [
  {
    says: '`links.*.daily_bytes_max` above 0 needs `cost_class = "metered"` in the same entry',
    problems: lintBudgets,
  },
  { says: 'at least one link is not `never`', problems: lintUsable },
  { says: '`emergency.overrides` need `emergency.expires_at`', problems: lintExpiry },
];

/** All broken rules; empty for a sane policy. */
export function lintPolicy(policy: Policy): readonly Problem[] {
  return [
    ...ORDER_RULES.flatMap((rule) => lintOrder(policy, rule)),
    ...OTHER_RULES.flatMap(({ problems }) => problems(policy)),
  ];
}

function lintOrder(policy: Policy, { lower, upper, mayBeEqual, why }: OrderRule): Problem[] {
  const value = numberAt(policy, lower);
  const bound = numberAt(policy, upper);
  if (mayBeEqual ? value <= bound : value < bound) return [];
  const wrong = `${value} is ${mayBeEqual ? 'above' : 'not below'} ${upper} (${bound})`;
  return [problem(lower, wrong, `${mayBeEqual ? 'at most' : 'less than'} ${upper}: ${why}`)];
}

/** The number that the policy has at a document path like `session.ttl_ms`; NaN if there is none. */
function numberAt(policy: Policy, path: string): number {
  let value: unknown = policy;
  for (const key of path.split('.')) {
    value = (value as Readonly<Record<string, unknown>>)[camelCase(key)];
  }
  return typeof value === 'number' ? value : Number.NaN;
}

/** The kind behind a name is not known here, so a named budget needs its own cost class beside it. */
function lintBudgets({ links }: Policy): Problem[] {
  return Object.entries(links).flatMap(([key, { costClass, dailyBytesMax }]) => {
    if ((dailyBytesMax ?? 0) === 0 || costClass === 'metered') return [];
    const found = costClass === null ? 'no cost_class beside it' : `cost_class "${costClass}"`;
    const allowed = 'a budget only with cost_class = "metered"';
    return [problem(`links.${key}.daily_bytes_max`, `a budget with ${found}`, allowed)];
  });
}

function lintUsable({ links }: Policy): Problem[] {
  const isNamedUsable = Object.entries(links).some(
    ([key, { costClass }]) =>
      !LINK_KINDS.some((kind) => kind === key) && costClass !== null && costClass !== 'never',
  );
  if (isNamedUsable || allowedLinkKinds(links).length > 0) return [];
  return [problem('links', 'every link is "never"', 'at least one link that may be used')];
}

function lintExpiry({ emergency }: Policy): Problem[] {
  const isWritten = Object.values(emergency.overrides).some((section) =>
    Object.values(section).some((value) => value !== null),
  );
  if (!isWritten || emergency.expiresAt !== null) return [];
  return [problem('emergency.expires_at', 'missing', 'a time in UTC like 2026-12-24T18:00:00Z')];
}
