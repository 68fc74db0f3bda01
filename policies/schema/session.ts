/**
 * Policy fields about one session: how long it may live, how its links are judged, when it moves.
 *
 * @module
 */
import type { TableField } from '../field.ts';

export const SESSION = {
  kind: 'table',
  meaning: 'How long a session may live, and how long it may be without a transport.',
  fields: {
    ttl_ms: {
      kind: 'integer',
      meaning:
        'Greatest age of a session; jittered by up to −10 % so that a fleet does not expire at once.',
      unit: 'ms',
      default: 86_400_000,
      min: 60_000,
      max: 2_592_000_000,
      tighten: 'lower',
    },
    transport_ttl_ms: {
      kind: 'integer',
      meaning: 'Longest time without a proven binding, counted over several recoveries.',
      unit: 'ms',
      default: 60_000,
      min: 1_000,
      max: 86_400_000,
      tighten: 'lower',
    },
    recovery_window_ms: {
      kind: 'integer',
      meaning: 'Longest time that one recovery may take.',
      unit: 'ms',
      default: 30_000,
      min: 1_000,
      max: 86_400_000,
      tighten: 'lower',
    },
    birth_deadline_ms: {
      kind: 'integer',
      meaning: 'Longest time from creating a session to its first binding.',
      unit: 'ms',
      default: 60_000,
      min: 1_000,
      max: 3_600_000,
      tighten: 'lower',
    },
    degraded_max_ms: {
      kind: 'integer',
      meaning: 'End a session that stays DEGRADED this long (`policy_exceeded`); left out: never.',
      unit: 'ms',
      default: null,
      min: 10_000,
      max: 86_400_000,
    },
  },
} as const satisfies TableField;

export const LIVENESS = {
  kind: 'table',
  meaning: 'How often a link is asked whether it is alive, and when it counts as dead.',
  fields: {
    active_linger_ms: {
      kind: 'integer',
      meaning:
        'After this long without traffic a flow or small talk is over: the binding is asked once more, then as idle.',
      unit: 'ms',
      default: 1_000,
      min: 100,
      max: 60_000,
    },
    heartbeat_idle_ms: {
      kind: 'integer',
      meaning: 'Time between probes on an idle, unmetered binding.',
      unit: 'ms',
      default: 5_000,
      min: 500,
      max: 300_000,
    },
    metered_keepalive_ms: {
      kind: 'integer',
      meaning:
        'Time between empty keepalives on an idle, metered binding: the lifetime of its NAT mapping.',
      unit: 'ms',
      default: 25_000,
      min: 5_000,
      max: 600_000,
    },
    standby_probe_ms: {
      kind: 'integer',
      meaning: 'Time between probes on an unmetered standby link.',
      unit: 'ms',
      default: 10_000,
      min: 1_000,
      max: 3_600_000,
    },
    metered_standby_probe_ms: {
      kind: 'integer',
      meaning:
        'Time between probes on a metered standby link, and between liveness proofs on a metered idle binding.',
      unit: 'ms',
      default: 360_000,
      min: 10_000,
      max: 86_400_000,
    },
    dead_after_missed: {
      kind: 'integer',
      meaning: 'Fewest answers that must be missing in a row before a link counts as dead.',
      unit: 'answers',
      default: 3,
      min: 2,
      max: 20,
    },
  },
} as const satisfies TableField;

export const QUALITY = {
  kind: 'table',
  meaning: 'When a link counts as bad: it enters above one value and leaves below the other.',
  fields: {
    loss_enter_percent: {
      kind: 'number',
      meaning: 'Round-trip loss above which a link is bad.',
      unit: 'percent',
      default: 20,
      min: 1,
      max: 100,
    },
    loss_leave_percent: {
      kind: 'number',
      meaning: 'Round-trip loss below which it is good again.',
      unit: 'percent',
      default: 10,
      min: 0,
      max: 99,
    },
    rtt_enter_ms: {
      kind: 'integer',
      meaning: 'Round-trip time above which a link is bad.',
      unit: 'ms',
      default: 1_000,
      min: 2,
      max: 60_000,
    },
    rtt_leave_ms: {
      kind: 'integer',
      meaning: 'Round-trip time below which it is good again.',
      unit: 'ms',
      default: 500,
      min: 1,
      max: 60_000,
    },
    jitter_enter_ms: {
      kind: 'integer',
      meaning: 'Variation of the round-trip time above which a link is bad.',
      unit: 'ms',
      default: 300,
      min: 2,
      max: 60_000,
    },
    jitter_leave_ms: {
      kind: 'integer',
      meaning: 'Variation of the round-trip time below which it is good again.',
      unit: 'ms',
      default: 150,
      min: 1,
      max: 60_000,
    },
    window_ms: {
      kind: 'integer',
      meaning:
        'Length of the sliding window over which loss, round-trip time and jitter are measured.',
      unit: 'ms',
      default: 2_000,
      min: 500,
      max: 60_000,
    },
    settle_ms: {
      kind: 'integer',
      meaning: 'How long quality must hold before the session counts as restored.',
      unit: 'ms',
      default: 3_000,
      min: 500,
      max: 600_000,
    },
    volatile_to_degraded_ms: {
      kind: 'integer',
      meaning: 'How long bad quality may last before the session is DEGRADED.',
      unit: 'ms',
      default: 4_000,
      min: 500,
      max: 600_000,
    },
  },
} as const satisfies TableField;

export const SWITCHING = {
  kind: 'table',
  meaning: 'How often the session may move between links, and when it moves back.',
  fields: {
    max_switches_per_minute: {
      kind: 'integer',
      meaning: 'Most switches in any 60 s; two of them are kept for recovery from a dead link.',
      unit: 'per minute',
      default: 8,
      min: 3,
      max: 60,
      tighten: 'lower',
    },
    cooldown_ms: {
      kind: 'integer',
      meaning:
        'Pause after a switch before another planned or quality switch; recovery does not wait.',
      unit: 'ms',
      default: 1_500,
      min: 0,
      max: 60_000,
      tighten: 'raise',
    },
    failback: {
      kind: 'text',
      meaning:
        'Whether to return to a preferred link: whenever it is stable, only if it is better, or only on failure.',
      default: 'better',
      words: ['always', 'better', 'on_failure'],
    },
    failback_stable_ms: {
      kind: 'integer',
      meaning: 'How long a preferred link must be stable before the session returns to it.',
      unit: 'ms',
      default: 30_000,
      min: 1_000,
      max: 3_600_000,
      tighten: 'raise',
    },
    penalty_max_ms: {
      kind: 'integer',
      meaning: 'Greatest penalty of a flapping link; each flap doubles its penalty up to this.',
      unit: 'ms',
      default: 600_000,
      min: 1_000,
      max: 86_400_000,
      tighten: 'raise',
    },
    improvement_percent: {
      kind: 'number',
      meaning: 'How much better another link must measure before a quality switch is worth it.',
      unit: 'percent',
      default: 10,
      min: 0,
      max: 90,
      tighten: 'raise',
    },
  },
} as const satisfies TableField;
