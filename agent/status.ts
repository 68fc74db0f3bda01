/**
 * What `jvpn status` shows of the tunnel thread: one plain value, also the source of the health report.
 *
 * @module
 */

import { HAL_CODES, type HalCode } from '../hal/capabilities.ts';
import type { CipherReport } from '../hal/linux/cipherChoice.ts';
import { type Offloads, offloadsOf } from '../hal/offloads.ts';
import type { Tun } from '../hal/tun.ts';
import type { Device, Transport } from '../session/device/state.ts';
import { qualityOf } from '../session/liveness/quality.ts';
import { timeoutMs } from '../session/liveness/rtt.ts';
import { type ReasonCode, reasonOf } from '../session/reasons.ts';
import { newResendCounters, type ResendCounters } from '../session/resend/counters.ts';
import type { Uplink } from './uplinks.ts';

export interface TunnelStatus {
  readonly mode: 'session' | 'plain';
  readonly state: string;
  readonly session_id: string | null;
  readonly previous_session_id: string | null;
  readonly state_version: number;
  readonly binding: string | null;
  /** Why failback does not leave it, or null. */
  readonly binding_held_for: ReasonCode | null;
  /** The largest inner packet. */
  readonly mtu_bytes: number;
  readonly inner4: string | null;
  readonly inner6: string | null;
  readonly routes: readonly string[];
  readonly cipher: string | null;
  readonly offloads: Offloads;
  /** What this machine was found to have for data, and how fast. */
  readonly ciphers: readonly CipherReport[];
  readonly terminated: string | null;
  readonly links: readonly LinkStatus[];
  readonly link_notices: readonly LinkNotice[];
  readonly recovery_ms: {
    readonly count: number;
    readonly p50: number | null;
    readonly p95: number | null;
    readonly max: number | null;
  };
  readonly switches_last_minute: number;
  readonly counters: Readonly<Record<string, number>>;
  readonly packets: PacketCounters;
}

export interface LinkStatus {
  readonly link: string;
  readonly kind: string;
  readonly endpoint: string;
  readonly transport_id: number;
  readonly is_binding: boolean;
  readonly usable: boolean;
  readonly why_not: string | null;
  /** What a person has to look at, or null. */
  readonly notice: ReasonNotice | null;
  /** Of the link itself; 0: not known. */
  readonly mtu_bytes: number;
  readonly rtt_ms: number | null;
  readonly timeout_ms: number;
  readonly loss_percent: number;
  readonly jitter_ms: number;
  readonly missed_in_row: number;
  readonly flaps: number;
  /** IP bytes of this UTC day over the link, all its endpoints together. */
  readonly day_bytes: number;
  /** The budget of a day; 0: none. */
  readonly day_bytes_max: number;
  readonly is_spent: boolean;
}

/** A row of the one table of reason codes. */
export interface ReasonNotice {
  readonly code: ReasonCode;
  readonly sentence: string;
  readonly hint: string;
}

/** Something the system refused to a link: it has no socket, or a socket that goes without. */
export interface LinkNotice {
  readonly link: string;
  readonly code: HalCode;
  /** What was tried and what the system answered. */
  readonly detail: string;
  readonly sentence: string;
  readonly hint: string;
}

export interface PacketCounters {
  sent: number;
  received: number;
  sentBytes: number;
  receivedBytes: number;
  held: number;
  heldDropped: number;
  /** Datagrams that found the receive buffers of the sockets now open full, as the kernel tells. */
  overflow: number;
  /** What was sent again after a cut, and what came twice for it. */
  readonly resend: ResendCounters;
  /** Datagrams or packets refused, by reason. */
  readonly refused: Record<string, number>;
}

export function newPacketCounters(): PacketCounters {
  return {
    sent: 0,
    received: 0,
    sentBytes: 0,
    receivedBytes: 0,
    held: 0,
    heldDropped: 0,
    overflow: 0,
    resend: newResendCounters(),
    refused: {},
  };
}

export function countRefused(counters: PacketCounters, code: string, by = 1): void {
  counters.refused[code] = (counters.refused[code] ?? 0) + by;
}

/** What of the thread's parts is shown. */
interface StatusParts {
  readonly uplinks: { readonly all: readonly Uplink[] };
  readonly tun: Tun;
  readonly chosen: { readonly report: readonly CipherReport[] };
}

export function sessionStatus(
  device: Device,
  packets: PacketCounters,
  { uplinks: { all: uplinks }, tun, chosen }: StatusParts,
): TunnelStatus {
  const binding = device.transports.find((transport) => transport.transportId === device.activeId);
  return {
    mode: 'session',
    state: device.state,
    session_id: device.sessionId,
    previous_session_id: device.previousSessionId,
    state_version: device.stateVersion,
    binding: binding === undefined ? null : `${binding.linkName}→${binding.endpoint}`,
    binding_held_for: device.heldId === null ? null : 'operator_rebind',
    mtu_bytes: device.mtuBytes,
    inner4: device.inner4,
    inner6: device.inner6,
    routes: device.routes,
    cipher: device.cipher,
    offloads: linkOffloads(tun, uplinks),
    ciphers: chosen.report,
    terminated: device.terminated,
    links: device.transports.map((transport) => ({
      ...linkStatus(device, transport),
      ...daySpending(uplinks, transport.linkName),
    })),
    link_notices: linkNotices(uplinks),
    recovery_ms: percentiles(device.recoveriesMs),
    switches_last_minute: device.switchedAtMs.filter((at) => at > device.nowMs - 60_000).length,
    counters: device.counters,
    packets,
  };
}

/** Bring the counter of overflows up to date, for status. */
export function countOverflow(packets: PacketCounters, uplinks: readonly Uplink[]): void {
  packets.overflow = 0;
  for (const { socket } of uplinks) packets.overflow += socket?.overflowCount ?? 0;
}

export function linkOffloads(tun: Tun, uplinks: readonly Uplink[]): Offloads {
  return offloadsOf(
    tun,
    uplinks.flatMap(({ socket }) => socket ?? []),
  );
}

type DaySpent = Pick<LinkStatus, 'day_bytes' | 'day_bytes_max' | 'is_spent'>;

/** What the link has used of its day. */
export function daySpending(uplinks: readonly Uplink[], link: string): DaySpent {
  const meter = uplinks.find(({ name }) => name === link)?.meter;
  return {
    day_bytes: meter?.bytes ?? 0,
    day_bytes_max: meter?.budgetBytes ?? 0,
    is_spent: meter?.isSpent ?? false,
  };
}

function linkStatus(device: Device, transport: Transport): Omit<LinkStatus, keyof DaySpent> {
  const quality = qualityOf(transport.liveness, device.nowMs, 60_000);
  const { rtt } = transport.liveness;
  return {
    link: transport.linkName,
    kind: transport.linkKind,
    endpoint: transport.endpoint,
    transport_id: transport.transportId,
    is_binding: transport.transportId === device.activeId,
    usable: transport.unusable === null,
    why_not: transport.unusable,
    notice: unansweredNotice(transport),
    mtu_bytes: transport.mtuBytes,
    rtt_ms: rtt === null ? null : round(rtt.srttMs),
    timeout_ms: round(timeoutMs(rtt)),
    loss_percent: round(quality.lossPercent),
    jitter_ms: round(quality.jitterMs),
    missed_in_row: transport.liveness.missedInRow,
    flaps: transport.flaps,
  };
}

/** A link that looks like any other and leads nowhere: as in the event, and until it answers. */
function unansweredNotice({ isToldUnanswered, liveness, unusable }: Transport) {
  if (!isToldUnanswered || liveness.heardAtMs !== null || unusable !== null) return null;
  const { sentence, hint } = reasonOf('link_unanswered');
  return { code: 'link_unanswered', sentence, hint } as const;
}

export function linkNotices(uplinks: readonly Uplink[]): readonly LinkNotice[] {
  return uplinks.flatMap(({ name, refused }) =>
    refused.map(({ code, detail }) => ({ link: name, code, detail, ...HAL_CODES[code] })),
  );
}

function percentiles(samplesMs: readonly number[]): TunnelStatus['recovery_ms'] {
  const sorted = [...samplesMs].sort((a, b) => a - b);
  const at = (share: number) => {
    const sample = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    return sample === undefined ? null : round(sample);
  };
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}

const round = (value: number) => Math.round(value * 10) / 10;
