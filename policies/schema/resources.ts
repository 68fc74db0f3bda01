/**
 * Policy fields about what a session may use up: memory for resending, a hub's attention, telemetry.
 *
 * @module
 */
import type { TableField } from '../field.ts';

export const RESEND = {
  kind: 'table',
  meaning: 'What is kept to be sent again after a cut.',
  fields: {
    buffer_bytes: {
      kind: 'integer',
      meaning: 'Sealed packets kept for resending, at each end of a session.',
      unit: 'bytes',
      default: 1_048_576,
      min: 65_536,
      max: 16_777_216,
      restart: true,
    },
    max_age_ms: {
      kind: 'integer',
      meaning:
        'Oldest packet worth resending, and how long data from the previous transport is accepted.',
      unit: 'ms',
      default: 2_000,
      min: 100,
      max: 10_000,
      tighten: 'lower',
    },
  },
} as const satisfies TableField;

export const ADMISSION = {
  kind: 'table',
  meaning: 'What a hub lets in. Only hubs read this.',
  fields: {
    reattach_per_session_per_minute: {
      kind: 'integer',
      meaning: 'Reattach requests of one session.',
      unit: 'per minute',
      default: 30,
      min: 4,
      max: 600,
      tighten: 'lower',
    },
    reattach_per_prefix_per_second: {
      kind: 'integer',
      meaning: 'Reattach requests from one network: a /24 of IPv4, a /48 of IPv6.',
      unit: 'per second',
      default: 200,
      min: 1,
      max: 100_000,
      tighten: 'lower',
    },
    new_sessions_per_second: {
      kind: 'integer',
      meaning: 'New sessions of all devices together.',
      unit: 'per second',
      default: 100,
      min: 1,
      max: 100_000,
      tighten: 'lower',
    },
  },
} as const satisfies TableField;

export const TELEMETRY = {
  kind: 'table',
  meaning: 'How often a device reports, and how much it keeps while the broker is away.',
  fields: {
    health_interval_ms: {
      kind: 'integer',
      meaning: 'Time between health reports on an unmetered binding.',
      unit: 'ms',
      default: 60_000,
      min: 1_000,
      max: 86_400_000,
    },
    metered_health_interval_ms: {
      kind: 'integer',
      meaning: 'Time between health reports on a metered binding.',
      unit: 'ms',
      default: 1_800_000,
      min: 10_000,
      max: 86_400_000,
    },
    mqtt_keepalive_ms: {
      kind: 'integer',
      meaning:
        'MQTT keepalive on an unmetered binding; MQTT carries whole seconds, so it is rounded up.',
      unit: 'ms',
      default: 90_000,
      min: 5_000,
      max: 65_535_000,
    },
    metered_mqtt_keepalive_ms: {
      kind: 'integer',
      meaning: 'MQTT keepalive on a metered binding.',
      unit: 'ms',
      default: 2_700_000,
      min: 60_000,
      max: 65_535_000,
    },
    outside_tunnel: {
      kind: 'text',
      meaning:
        'Whether the connection to the broker may run outside the tunnel: `routed`, as the routing table leads; `session_down`, only while no session has carried data for 30 s; `never`.',
      default: 'routed',
      words: ['routed', 'session_down', 'never'],
    },
    queue_bytes_max: {
      kind: 'integer',
      meaning: 'Reports kept while the broker is unreachable; the oldest are dropped and counted.',
      unit: 'bytes',
      default: 262_144,
      min: 4_096,
      max: 67_108_864,
    },
  },
} as const satisfies TableField;

export const PUSH = {
  kind: 'table',
  meaning: 'How a policy that was pushed proves itself (docs/push.md). Only agents read this.',
  fields: {
    confirm_window_ms: {
      kind: 'integer',
      meaning:
        'Longest time until a pushed policy has proven itself, half of it in a session that holds; over, the device goes back to the one before.',
      unit: 'ms',
      default: 120_000,
      min: 10_000,
      max: 3_600_000,
    },
  },
} as const satisfies TableField;
