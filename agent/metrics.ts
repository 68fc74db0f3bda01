/**
 * What `/metrics` of an agent says: the status as Prometheus metrics. Pure.
 *
 * Names and meanings: docs/metrics.md. Labels are words of the configuration and of the one table of reason codes, so
 * their number is bounded.
 *
 * @module
 */
import {
  bothWays,
  byLabel,
  counter,
  expositionOf,
  gauge,
  known,
  type Metric,
  stateSet,
} from '../hal/exposition.ts';
import { isReasonCode, REASONS } from '../session/reasons.ts';
import { STATES } from '../session/transitions.ts';
import type { EventFigures } from './events/stream.ts';
import type { LinkStatus, TunnelStatus } from './status.ts';

export interface AgentFacts {
  readonly status: TunnelStatus;
  readonly version: string;
  readonly commit: string;
  readonly policyVersion: number;
  /** An emergency tightens the policy. */
  readonly isEmergency: boolean;
  readonly rssBytes: number;
  readonly cpuSeconds: number;
  /** Switches that a rule denied, by its reason code: every code of the table. */
  readonly denials: Readonly<Record<string, number>>;
  /** Null: none are published. */
  readonly events: EventFigures | null;
}

/** All codes from the start: Prometheus sees no increase in a counter that begins at one. */
const NONE_YET = Object.fromEntries(Object.keys(REASONS).map((code) => [code, 0]));

export function agentMetrics(facts: AgentFacts): string {
  const { status, version, commit, policyVersion, isEmergency, rssBytes, denials } = facts;
  const { packets, recovery_ms: recovery } = status;
  return expositionOf([
    gauge(
      'jvpn_build_info',
      'The program; always 1.',
      known(1, { role: 'agent', version, commit }),
    ),
    gauge('jvpn_policy_version', 'Version of the policy in force.', known(policyVersion)),
    gauge(
      'jvpn_emergency',
      'Whether an emergency tightens the policy.',
      known(Number(isEmergency)),
    ),
    gauge('jvpn_resident_memory_bytes', 'Resident memory of the process.', known(rssBytes)),
    counter(
      'jvpn_cpu_seconds_total',
      'Processor time of the process, all its threads.',
      known(facts.cpuSeconds),
    ),
    gauge(
      'jvpn_session_state',
      'State of the session: 1 for the one it is in.',
      status.mode === 'session' ? stateSet(STATES, status.state) : [],
    ),
    gauge('jvpn_session_state_version', 'Never goes back.', known(status.state_version)),
    counter(
      'jvpn_switches_total',
      'Committed changes of transport.',
      known(status.counters['switch_committed'] ?? 0),
    ),
    gauge(
      'jvpn_recovery_seconds',
      'Recovery latency of the newest recoveries.',
      (['p50', 'p95', 'max'] as const).flatMap((statistic) =>
        known(seconds(recovery[statistic]), { statistic }),
      ),
    ),
    counter(
      'jvpn_events_total',
      'Events.',
      byLabel('reason_code', { ...NONE_YET, ...counted(status, true) }),
    ),
    counter(
      'jvpn_counters_total',
      'What the session counts and makes no event of.',
      byLabel('counter', counted(status, false)),
    ),
    counter(
      'jvpn_switches_denied_total',
      'Switches that a rule denied.',
      byLabel('reason_code', denials),
    ),
    counter('jvpn_packets_total', 'Inner packets.', bothWays(packets.sent, packets.received)),
    counter(
      'jvpn_packet_bytes_total',
      'Bytes of inner packets.',
      bothWays(packets.sentBytes, packets.receivedBytes),
    ),
    gauge('jvpn_packets_held', 'Inner packets that wait for a way out.', known(packets.held)),
    counter(
      'jvpn_packets_held_dropped_total',
      'Inner packets that waited too long or found no room.',
      known(packets.heldDropped),
    ),
    counter('jvpn_resent_datagrams_total', 'Sent again.', known(packets.resend.datagrams)),
    counter(
      'jvpn_refused_total',
      'Datagrams and packets refused.',
      byLabel('code', packets.refused),
    ),
    ...(facts.events === null ? [] : eventMetrics(facts.events)),
    ...linkMetrics(status.links),
  ]);
}

/** Of the events on their way to the broker (docs/mqtt.md, "Waiting for the broker"). */
function eventMetrics(events: EventFigures): Metric[] {
  const { waiting, memoryBytes, flashBytes, acknowledged, dropped, cut } = events;
  return [
    gauge(
      'jvpn_telemetry_events_waiting',
      'Events that the broker has not acknowledged.',
      known(waiting),
    ),
    gauge(
      'jvpn_telemetry_events_waiting_bytes',
      'What events that wait take.',
      byLabel('place', { memory: memoryBytes, flash: flashBytes }),
    ),
    counter(
      'jvpn_telemetry_events_acknowledged_total',
      'Events that the broker has acknowledged.',
      known(acknowledged),
    ),
    counter(
      'jvpn_telemetry_events_dropped_total',
      'Events that never come.',
      byLabel('reason', dropped),
    ),
    gauge(
      'jvpn_telemetry_events_cut',
      'Events, at most, that a power cut or a kill took before this process began.',
      known(cut),
    ),
  ];
}

/** Of each transport; what is of the whole link is said once. */
function linkMetrics(links: readonly LinkStatus[]): Metric[] {
  const each = (value: (link: LinkStatus) => number | null) =>
    links.flatMap((link) =>
      known(value(link), { link: link.link, kind: link.kind, endpoint: link.endpoint }),
    );
  const once = [...new Map(links.map((link) => [link.link, link])).values()];
  const spent = (value: (link: LinkStatus) => number | null) =>
    once.flatMap((link) => known(value(link), { link: link.link }));
  return [
    gauge(
      'jvpn_link_binding',
      'Whether data goes there.',
      each((link) => Number(link.is_binding)),
    ),
    gauge(
      'jvpn_link_usable',
      'Carrier, address and route are there.',
      each((link) => Number(link.usable)),
    ),
    gauge(
      'jvpn_link_round_trip_seconds',
      'Smoothed.',
      each((link) => seconds(link.rtt_ms)),
    ),
    gauge(
      'jvpn_link_jitter_seconds',
      'Of the last minute.',
      each((link) => seconds(link.jitter_ms)),
    ),
    gauge(
      'jvpn_link_loss_ratio',
      'Of the last minute.',
      each((link) => link.loss_percent / 100),
    ),
    gauge(
      'jvpn_link_day_bytes',
      'IP bytes of this UTC day.',
      spent((link) => link.day_bytes),
    ),
    gauge(
      'jvpn_link_day_budget_bytes',
      'Budget of a day, where there is one.',
      spent((link) => (link.day_bytes_max === 0 ? null : link.day_bytes_max)),
    ),
  ];
}

const seconds = (ms: number | null) => (ms === null ? null : ms / 1_000);

/** Of the session's counters those that are reason codes, or the others. */
function counted({ counters }: TunnelStatus, areReasons: boolean): Record<string, number> {
  const chosen = Object.entries(counters).filter(([name]) => isReasonCode(name) === areReasons);
  return Object.fromEntries(chosen);
}
