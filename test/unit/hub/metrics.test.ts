import { expect, test } from 'bun:test';
import type { TunnelStatus } from '../../../hub/messages.ts';
import { hubMetrics } from '../../../hub/metrics.ts';
import { EventCounts } from '../../../session/eventCounts.ts';
import { newResendCounters } from '../../../session/resend/counters.ts';
import { promtoolFindings, promtoolObstacle } from '../../lab/promtool.ts';
import { testUnless } from '../../obstacle.ts';

const STATUS = {
  peers: { session: 1_000, plain: 2 },
  sessions: { ATTACHED: 990, RECOVERING: 10 },
  ...{ channels: 1_100, handshakes: 5_000, is_under_load: true },
  packets: { sent: 1, sent_bytes: 2, received: 3, received_bytes: 4 },
  resend: { ...newResendCounters(), datagrams: 17 },
  counters: { rate_limited: 6, cookie_sent: 0 },
} as unknown as TunnelStatus;

const TEXT = hubMetrics({
  status: STATUS,
  ...{ version: '0.1.0', policyVersion: 7, isEmergency: true, committed: 40, failed: 1 },
  ...{ timeAheadMs: 1_500, rssBytes: 80_000_000, cpuSeconds: 7.5 },
  events: { ...new EventCounts().snapshot(), identity_conflict: 2 },
});

test('sessions by state, those of none included; devices, packets, the store', () => {
  const lines = TEXT.split('\n');
  for (const line of [
    'jvpn_build_info{role="hub",version="0.1.0"} 1',
    'jvpn_emergency 1',
    'jvpn_hub_devices{mode="session"} 1000',
    'jvpn_hub_sessions{state="ATTACHED"} 990',
    'jvpn_hub_sessions{state="TERMINATED"} 0',
    'jvpn_cpu_seconds_total 7.5',
    'jvpn_hub_under_load 1',
    'jvpn_hub_events_total{reason_code="identity_conflict"} 2',
    // One that begins at 1 would never have increased.
    'jvpn_hub_events_total{reason_code="ownership_conflict"} 0',
    'jvpn_hub_packet_bytes_total{direction="received"} 4',
    'jvpn_hub_resent_datagrams_total 17',
    'jvpn_hub_refused_total{code="rate_limited"} 6',
    'jvpn_hub_store_swaps_total{outcome="failed"} 1',
    'jvpn_hub_time_ahead_seconds 1.5',
  ]) {
    expect(lines).toContain(line);
  }
});

testUnless(promtoolObstacle, 'promtool has nothing to say against it', async () => {
  expect(await promtoolFindings(TEXT)).toEqual([]);
});
