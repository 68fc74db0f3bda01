/**
 * A `Start` and a status for telemetry tests: the real configuration and policy readers, a made-up session.
 *
 * @module
 */
import { loadAgentConfig } from '../../agent/config.ts';
import type { Start } from '../../agent/start.ts';
import { newPacketCounters, type TunnelStatus } from '../../agent/status.ts';
import type { AuditRow } from '../../hal/linux/auditLog.ts';
import { loadPolicyText } from '../../policies/load.ts';
import type { AuditKind } from '../../session/audit.ts';
import type { ReasonCode } from '../../session/reasons.ts';

export const DEVICE = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';
export const TOPIC = 'jvpn/v1/testfleet/gw-7';

/**
 * @param telemetry lines of the `[telemetry]` table; fleet and device are those of {@link TOPIC}.
 * @param overrides of the policy's telemetry numbers, beyond the schema's ranges where a test is to be short.
 */
export function startFor(
  telemetry: Readonly<Record<string, string | boolean | number>>,
  overrides: Partial<Start['policy']['telemetry']> = {},
): Start {
  const table = { enabled: true, fleet: 'testfleet', device: 'gw-7', ...telemetry };
  const lines = Object.entries(table).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  const loaded = loadAgentConfig(`
[hub]
public_key = "${DEVICE}"
endpoints = ["198.51.100.1:51820"]
[links.eth0]
kind = "ethernet"
[links.wwan0]
kind = "lte"
[telemetry]
${lines.join('\n')}`);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const policy = loadPolicyText('', Bun.TOML.parse);
  if (!policy.ok) throw new Error(JSON.stringify(policy.problems));
  const inForce = {
    ...policy.policy,
    telemetry: { ...policy.policy.telemetry, ...overrides },
  };
  return {
    config: loaded.config,
    policy: inForce,
    rereadPolicy: () => ({ policy: inForce, file: null }),
    privateKey: new Uint8Array(32),
    hubPublicKey: new Uint8Array(32),
    psk: new Uint8Array(32),
    path: (written) => written,
  };
}

/** A line of the audit log. */
export function eventRow(
  event: AuditKind,
  monoMs: number,
  reasonCode: ReasonCode = 'carrier_lost',
  detail: AuditRow['detail'] = {},
): AuditRow {
  return {
    ...{ ts_ms: 1_800_000_000_000 + monoMs, mono_ms: monoMs, seq: 9, event, device: DEVICE },
    ...{ session_id: '00112233445566778899aabbccddeeff', from: null, to: null },
    ...{ state_version: 3, hub_seq: 0, owner_epoch: 0, reason_code: reasonCode },
    ...{ transport: 'eth0→198.51.100.1:51820', policy_version: 1, detail },
  };
}

/** An attached session with a binding on `linkName`. */
export function statusOn(linkName: 'eth0' | 'wwan0', stateVersion = 7): TunnelStatus {
  const endpoint = '198.51.100.1:51820';
  const row = (link: string, kind: string, transportId: number) => ({
    link,
    kind,
    endpoint,
    transport_id: transportId,
    is_binding: link === linkName,
    usable: true,
    why_not: null,
    notice: null,
    mtu_bytes: 1_500,
    rtt_ms: 12.5,
    timeout_ms: 60,
    loss_percent: 0,
    jitter_ms: 1.2,
    missed_in_row: 0,
    flaps: 2,
    day_bytes: 1_234,
    day_bytes_max: link === 'wwan0' ? 5_000_000 : 0,
    is_spent: false,
  });
  return {
    mode: 'session',
    state: 'ATTACHED',
    session_id: '00112233445566778899aabbccddeeff',
    previous_session_id: null,
    state_version: stateVersion,
    binding: `${linkName}→${endpoint}`,
    binding_held_for: null,
    mtu_bytes: 1_440,
    inner4: '10.77.0.5',
    inner6: null,
    routes: ['10.0.0.0/8'],
    cipher: 'aes-256-gcm',
    offloads: {
      tun_checksum: true,
      tun_tcp: true,
      tun_udp: true,
      udp_send: true,
      udp_receive: true,
    },
    ciphers: [],
    terminated: null,
    links: [row('eth0', 'ethernet', 1), row('wwan0', 'lte', 2)],
    link_notices: [],
    recovery_ms: { count: 3, p50: 90, p95: 210.5, max: 210.5 },
    switches_last_minute: 1,
    counters: { carrier_lost: 2, heartbeat_timeout: 1 },
    packets: { ...newPacketCounters(), sent: 5, received: 6, sentBytes: 5_000_000_000 },
  };
}
