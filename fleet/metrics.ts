/**
 * What `/metrics` of a fleet says, for Prometheus. Pure.
 *
 * Names and meanings: docs/metrics.md. Nothing is said of single devices: each says its own.
 *
 * @module
 */
import { byLabel, counter, expositionOf, gauge, known } from '../hal/exposition.ts';
import type { EventCounts } from './eventCounts.ts';
import type { Overview } from './overview.ts';
import type { Spread } from './spread.ts';

export interface FleetFacts {
  readonly overview: Overview;
  readonly version: string;
  /** Messages of the broker by what became of them. */
  readonly messages: Readonly<Record<string, number>>;
  /** Reports that devices have dropped. */
  readonly missing: number;
  readonly events: EventCounts;
  readonly isConnected: boolean;
  readonly connections: number;
  readonly failures: number;
  readonly historyBytes: number;
  readonly historyDropped: number;
  readonly historyFailures: number;
  readonly watchers: number;
  readonly loginsRefused: number;
  readonly rssBytes: number;
  readonly cpuSeconds: number;
}

export function fleetMetrics(facts: FleetFacts): string {
  const { overview, version } = facts;
  const { online, stopped, lost, total } = overview.devices;
  const { p50, p95, p99 } = overview.recovery_ms;
  const seconds = (ms: number | null, statistic: string) =>
    known(ms === null ? null : Math.round(ms) / 1_000, { statistic });
  return expositionOf([
    gauge('jvpn_build_info', 'The program; always 1.', known(1, { role: 'fleet', version })),
    gauge('jvpn_resident_memory_bytes', 'Resident memory of the process.', known(facts.rssBytes)),
    counter(
      'jvpn_cpu_seconds_total',
      'Processor time of the process, all its threads.',
      known(facts.cpuSeconds),
    ),
    gauge(
      'jvpn_fleet_devices',
      'Devices by what is known of their presence.',
      byLabel('presence', { online, stopped, lost, unknown: total - online - stopped - lost }),
    ),
    gauge(
      'jvpn_fleet_sessions',
      'Devices that are not known to be gone, by the state of their session.',
      byLabel('state', overview.states),
    ),
    gauge(
      'jvpn_fleet_ended_sessions_day',
      'Sessions that ended in the last 24 hours.',
      byLabel('reason_code', overview.terminated),
    ),
    gauge(
      'jvpn_fleet_signs_day',
      'Signs of replay and of a stolen identity in the last 24 hours.',
      byLabel('sign', { replay: overview.replay_signs_24h, hijack: overview.hijack_signs_24h }),
    ),
    gauge('jvpn_fleet_recovery_seconds', 'Of the newest recoveries of all devices, rounded up.', [
      ...seconds(p50, 'p50'),
      ...seconds(p95, 'p95'),
      ...seconds(p99, 'p99'),
    ]),
    ...spreadMetrics(overview),
    ...watchedMetrics(overview),
    ...rolloutMetrics(overview),
    counter(
      'jvpn_fleet_messages_total',
      'Messages of the broker by what became of them.',
      byLabel('outcome', facts.messages),
    ),
    counter(
      'jvpn_fleet_reports_missing_total',
      'Reports that devices made and nobody heard, while the fleet was listening.',
      known(facts.missing),
    ),
    ...eventMetrics(facts.events),
    gauge('jvpn_fleet_broker_connected', 'Whether the broker is heard.', [
      { value: Number(facts.isConnected) },
    ]),
    counter(
      'jvpn_fleet_broker_connections_total',
      'Connections to the broker that were granted.',
      known(facts.connections),
    ),
    counter(
      'jvpn_fleet_broker_failures_total',
      'Connections to the broker that failed or broke.',
      known(facts.failures),
    ),
    gauge('jvpn_fleet_history_bytes', 'What the history takes.', known(facts.historyBytes)),
    counter(
      'jvpn_fleet_history_dropped_total',
      'Changes that found no room, and rows that the database did not take.',
      known(facts.historyDropped),
    ),
    counter(
      'jvpn_fleet_history_failures_total',
      'Writes of the history that failed.',
      known(facts.historyFailures),
    ),
    gauge('jvpn_fleet_watchers', 'Streams of events that are open.', known(facts.watchers)),
    counter(
      'jvpn_fleet_logins_refused_total',
      'Wrong tokens that were shown.',
      known(facts.loginsRefused),
    ),
  ]);
}

/** Of the events of devices (docs/mqtt.md, "Events"). */
function eventMetrics(events: EventCounts) {
  return [
    counter(
      'jvpn_fleet_events_received_total',
      'Events of devices, each once.',
      known(events.received),
    ),
    counter(
      'jvpn_fleet_events_historical_total',
      'Of those, the ones that were sent late or by a later process.',
      known(events.historical),
    ),
    counter(
      'jvpn_fleet_events_duplicate_total',
      'Events that came again.',
      known(events.duplicates),
    ),
    counter(
      'jvpn_fleet_event_gaps_total',
      'Times that numbers of events did not go on where they were.',
      known(events.gaps),
    ),
    counter(
      'jvpn_fleet_events_missing_total',
      'Events that never came; of those that a cut took, at most so many.',
      byLabel('why', events.missing),
    ),
    counter(
      'jvpn_fleet_events_not_kept_total',
      'Events that came and are not in the history.',
      known(events.notKept),
    ),
  ];
}

/** Of the bindings and the processes of devices that are there. */
function spreadMetrics({ rtt_ms, jitter_ms, loss_percent, memory_bytes }: Overview) {
  const both = ({ p50, p95 }: Spread, unit: number) => [
    ...known(p50 === null ? null : p50 / unit, { statistic: 'p50' }),
    ...known(p95 === null ? null : p95 / unit, { statistic: 'p95' }),
  ];
  return [
    gauge(
      'jvpn_fleet_binding_round_trip_seconds',
      'Round trips of the bindings of devices that are there.',
      both(rtt_ms, 1_000),
    ),
    gauge(
      'jvpn_fleet_binding_jitter_seconds',
      'Jitter of the bindings of devices that are there.',
      both(jitter_ms, 1_000),
    ),
    gauge(
      'jvpn_fleet_binding_loss_ratio',
      'Loss of the bindings of devices that are there.',
      both(loss_percent, 100),
    ),
    gauge(
      'jvpn_fleet_agent_memory_bytes',
      'Resident memory of the agents that are there.',
      both(memory_bytes, 1),
    ),
  ];
}

function watchedMetrics({ dead_transports, denied_switches }: Overview) {
  return [
    gauge(
      'jvpn_fleet_dead_transports_day',
      'Transports that died under a session in the last 24 hours.',
      byLabel('reason_code', dead_transports),
    ),
    gauge(
      'jvpn_fleet_denied_switches_day',
      'Switches that a rule did not allow in the last 24 hours.',
      byLabel('reason_code', denied_switches),
    ),
  ];
}

function rolloutMetrics({ rollout, emergency }: Overview) {
  const { version, devices, ...outcomes } = rollout ?? { version: null, devices: 0 };
  return [
    gauge(
      'jvpn_fleet_rollout_version',
      'Version of the newest policy that more than one device has said something about.',
      known(version),
    ),
    gauge(
      'jvpn_fleet_rollout_devices',
      'Devices that take documents, by what they say of that policy.',
      byLabel('outcome', outcomes),
    ),
    gauge(
      'jvpn_fleet_emergency_devices',
      'Devices at the broker on which an emergency holds.',
      known(emergency.devices),
    ),
  ];
}
