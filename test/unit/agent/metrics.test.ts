import { expect, test } from 'bun:test';
import { agentMetrics } from '../../../agent/metrics.ts';
import { promtoolFindings, promtoolObstacle } from '../../lab/promtool.ts';
import { statusOn } from '../../lab/reporting.ts';
import { testUnless } from '../../obstacle.ts';

const STATUS = statusOn('wwan0');
const PLAIN = {
  ...{ version: '', commit: '', policyVersion: 1, isEmergency: false },
  ...{ rssBytes: 1, cpuSeconds: 1, denials: {}, events: null },
};
const TEXT = agentMetrics({
  status: {
    ...STATUS,
    counters: { switch_committed: 3, carrier_lost: 2, asked_again: 6 },
    packets: { ...STATUS.packets, sent: 5, refused: { malformed_datagram: 4 } },
  },
  version: '0.1.0',
  commit: 'abc1234',
  policyVersion: 7,
  isEmergency: true,
  rssBytes: 60_000_000,
  cpuSeconds: 12.25,
  denials: { cooldown_active: 4 },
  events: {
    ...{ waiting: 3, memoryBytes: 900, flashBytes: 4_096, acknowledged: 12, cut: 61 },
    dropped: { memory_full: 2, flash_full: 5, refused: 0 },
  },
});
const lines = TEXT.split('\n');

test('state, switches, reasons, packets and links', () => {
  const [bound] = STATUS.links.filter(({ is_binding }) => is_binding);
  const link = `link="wwan0",kind="lte",endpoint="${bound!.endpoint}"`;
  for (const line of [
    'jvpn_build_info{role="agent",version="0.1.0",commit="abc1234"} 1',
    'jvpn_policy_version 7',
    'jvpn_emergency 1',
    'jvpn_resident_memory_bytes 60000000',
    'jvpn_cpu_seconds_total 12.25',
    'jvpn_session_state{state="ATTACHED"} 1',
    'jvpn_session_state{state="RECOVERING"} 0',
    'jvpn_session_state_version 7',
    'jvpn_switches_total 3',
    'jvpn_events_total{reason_code="carrier_lost"} 2',
    // One that begins at 1 would never have increased.
    'jvpn_events_total{reason_code="invariant_violated"} 0',
    'jvpn_counters_total{counter="asked_again"} 6',
    'jvpn_switches_denied_total{reason_code="cooldown_active"} 4',
    'jvpn_packets_total{direction="sent"} 5',
    'jvpn_refused_total{code="malformed_datagram"} 4',
    'jvpn_telemetry_events_waiting 3',
    'jvpn_telemetry_events_waiting_bytes{place="memory"} 900',
    'jvpn_telemetry_events_waiting_bytes{place="flash"} 4096',
    'jvpn_telemetry_events_acknowledged_total 12',
    'jvpn_telemetry_events_dropped_total{reason="flash_full"} 5',
    'jvpn_telemetry_events_dropped_total{reason="refused"} 0',
    'jvpn_telemetry_events_cut 61',
    `jvpn_link_binding{${link}} 1`,
    `jvpn_link_loss_ratio{${link}} ${bound!.loss_percent / 100}`,
  ]) {
    expect(lines).toContain(line);
  }
});

test('what is no reason is no event', () => {
  expect(TEXT).not.toContain('reason_code="asked_again"');
});

test('a link to two addresses has one budget, and one without a budget none', () => {
  const [row] = STATUS.links;
  const two = [row!, { ...row!, endpoint: '[2001:db8::1]:51820' }];
  const text = agentMetrics({
    status: { ...STATUS, links: two.map((link) => ({ ...link, day_bytes: 9, day_bytes_max: 0 })) },
    ...PLAIN,
  });
  expect(text.split('\n').filter((line) => line.startsWith('jvpn_link_day_'))).toEqual([
    `jvpn_link_day_bytes{link="${row!.link}"} 9`,
  ]);
});

test('nothing of the session that is a secret or a name of the inside', () => {
  const named = {
    ...STATUS,
    session_id: 'feed'.repeat(8),
    inner4: '10.77.0.9',
    routes: ['192.0.2.0/24'],
  };
  const text = agentMetrics({
    status: named,
    ...PLAIN,
  });
  expect(text).toContain('jvpn_emergency 0\n');
  // Without telemetry there are no events to speak of.
  expect(text).not.toContain('jvpn_telemetry_');
  for (const word of ['feed', '10.77.0.9', '192.0.2.0']) expect(text).not.toContain(word);
});

testUnless(promtoolObstacle, 'promtool has nothing to say against it', async () => {
  expect(await promtoolFindings(TEXT)).toEqual([]);
});
