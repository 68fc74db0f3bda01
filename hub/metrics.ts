/**
 * What `/metrics` of a hub says: the status as Prometheus metrics. Pure.
 *
 * Names and meanings: docs/metrics.md. Nothing is said of single devices: a hub has thousands, and each says its own.
 *
 * @module
 */
import { bothWays, byLabel, counter, expositionOf, gauge, known } from '../hal/exposition.ts';
import { STATES } from '../session/transitions.ts';
import type { TunnelStatus } from './messages.ts';

export interface HubFacts {
  readonly status: TunnelStatus;
  readonly version: string;
  readonly policyVersion: number;
  readonly isEmergency: boolean;
  readonly committed: number;
  readonly failed: number;
  readonly timeAheadMs: number;
  readonly rssBytes: number;
  readonly cpuSeconds: number;
  /** By reason code, every code of the table. */
  readonly events: Readonly<Record<string, number>>;
}

export function hubMetrics(facts: HubFacts): string {
  const { status, version, policyVersion, isEmergency, rssBytes } = facts;
  const { packets, sessions } = status;
  return expositionOf([
    gauge('jvpn_build_info', 'The program; always 1.', known(1, { role: 'hub', version })),
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
    gauge('jvpn_hub_devices', 'Enrolled devices.', byLabel('mode', status.peers)),
    gauge(
      'jvpn_hub_sessions',
      'Sessions by state.',
      STATES.map((state) => ({ labels: { state }, value: sessions[state] ?? 0 })),
    ),
    gauge('jvpn_hub_channels', 'Channels whose keys are valid.', known(status.channels)),
    counter('jvpn_hub_handshakes_total', 'Handshakes answered.', known(status.handshakes)),
    gauge(
      'jvpn_hub_under_load',
      'Whether handshakes have to prove their address first.',
      known(Number(status.is_under_load)),
    ),
    counter('jvpn_hub_events_total', 'Events.', byLabel('reason_code', facts.events)),
    counter('jvpn_hub_packets_total', 'Inner packets.', bothWays(packets.sent, packets.received)),
    counter(
      'jvpn_hub_packet_bytes_total',
      'Bytes of inner packets.',
      bothWays(packets.sent_bytes, packets.received_bytes),
    ),
    counter(
      'jvpn_hub_resent_datagrams_total',
      'Sent again after a cut.',
      known(status.resend.datagrams),
    ),
    counter(
      'jvpn_hub_refused_total',
      'Datagrams and packets not taken.',
      byLabel('code', status.counters),
    ),
    counter('jvpn_hub_store_swaps_total', 'Claims that the store was asked to commit.', [
      { labels: { outcome: 'committed' }, value: facts.committed },
      { labels: { outcome: 'failed' }, value: facts.failed },
    ]),
    gauge(
      'jvpn_hub_time_ahead_seconds',
      'How far the hub’s own time is ahead of the wall clock.',
      known(facts.timeAheadMs / 1_000),
    ),
  ]);
}
