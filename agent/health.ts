/**
 * The health report: what a fleet needs to know of one device now, as one plain document.
 *
 * Pure. Keys are the words of `jvpn status`. Never a secret: it is built
 * field by field and nothing of the status is passed on unseen. Bounded: at most {@link LINKS_MAX} rows
 * of links, and counters by code, of which the program knows a fixed number.
 *
 * | key | meaning | unit |
 * | --- | --- | --- |
 * | `v` | version of this document | |
 * | `boot` | random name of the agent's process | |
 * | `seq` | reports made by that process, from 1; a gap is a report that was dropped | |
 * | `ts_ms`, `mono_ms` | wall clock; time since the machine's boot, suspend included | ms |
 * | `device` | public key | |
 * | `version`, `commit` | of the agent | |
 * | `uptime_s`, `memory_rss_bytes` | of the agent's process | s, bytes |
 * | `policy` | `name` and `version` | |
 * | `mode` | `session` or `plain` | |
 * | `state`, `state_version` | of the session | |
 * | `session_id`, `previous_session_id` | 16 bytes in hex | |
 * | `terminated` | reason code of the end, or null | |
 * | `ended` | sessions that ended since the process started, by reason code | |
 * | `binding` | `link→endpoint`, or null | |
 * | `links` | rows: `link`, `kind`, `endpoint`, `bound`, `usable`, `why_not`, `rtt_ms`, `jitter_ms`, `loss_percent`, `missed_in_row`, `flaps`, `day_bytes`, `day_bytes_max`, `spent`; the binding first | |
 * | `links_omitted` | rows left out | |
 * | `recovery_ms` | `count`, `p50`, `p95`, `max` of recovery latency | ms |
 * | `switches` | `last_minute`; `total` since the process started | |
 * | `counters` | events by reason code | |
 * | `packets` | `sent`, `received`, `sent_bytes`, `received_bytes`, `held`, `held_dropped`, `overflow`, `resend`, and `refused` by code | |
 * | `telemetry` | `published`, `dropped`, `failures`, `connections`, and `mqtt` (`5.0` or `3.1.1`) | |
 *
 * @module
 */
import type { ResendCounters } from '../session/resend/counters.ts';
import type { EndedCounts } from './endedSessions.ts';
import type { LinkStatus, TunnelStatus } from './status.ts';

/** Rows of links in one report (chosen): about 2 KB, so that the smallest queue holds a report. */
export const LINKS_MAX = 12;

export interface TelemetryCounters {
  /** Reports that the broker acknowledged. */
  readonly published: number;
  /** Reports replaced by a newer one, or dropped for lack of room, or refused by the broker. */
  readonly dropped: number;
  /** Connections that failed or broke. */
  readonly failures: number;
  readonly connections: number;
  readonly mqtt: '5.0' | '3.1.1' | null;
}

export interface HealthFacts {
  readonly status: TunnelStatus;
  readonly device: string;
  readonly boot: string;
  readonly seq: number;
  readonly tsMs: number;
  readonly monoMs: number;
  readonly uptimeMs: number;
  readonly rssBytes: number;
  readonly version: string;
  readonly commit: string;
  readonly policy: { readonly name: string; readonly version: number };
  readonly switchesTotal: number;
  readonly ended: EndedCounts;
  readonly telemetry: TelemetryCounters;
}

export type Health = ReturnType<typeof healthOf>;

export function healthOf(facts: HealthFacts) {
  const { status, policy, telemetry } = facts;
  // A stable sort: behind the binding the order of the status stays.
  const links = [...status.links].sort((a, b) => Number(b.is_binding) - Number(a.is_binding));
  return {
    v: 1,
    boot: facts.boot,
    seq: facts.seq,
    ts_ms: Math.round(facts.tsMs),
    mono_ms: Math.round(facts.monoMs),
    device: facts.device,
    version: facts.version,
    commit: facts.commit,
    uptime_s: Math.round(facts.uptimeMs / 1_000),
    memory_rss_bytes: facts.rssBytes,
    policy: { name: policy.name, version: policy.version },
    mode: status.mode,
    state: status.state,
    state_version: status.state_version,
    session_id: status.session_id,
    previous_session_id: status.previous_session_id,
    terminated: status.terminated,
    ended: { ...facts.ended },
    binding: status.binding,
    links: links.slice(0, LINKS_MAX).map(linkHealth),
    links_omitted: Math.max(0, links.length - LINKS_MAX),
    recovery_ms: {
      count: status.recovery_ms.count,
      p50: status.recovery_ms.p50,
      p95: status.recovery_ms.p95,
      max: status.recovery_ms.max,
    },
    switches: { last_minute: status.switches_last_minute, total: facts.switchesTotal },
    counters: { ...status.counters },
    packets: {
      sent: status.packets.sent,
      received: status.packets.received,
      sent_bytes: status.packets.sentBytes,
      received_bytes: status.packets.receivedBytes,
      held: status.packets.held,
      held_dropped: status.packets.heldDropped,
      overflow: status.packets.overflow,
      resend: resendHealth(status.packets.resend),
      refused: { ...status.packets.refused },
    },
    telemetry: {
      published: telemetry.published,
      dropped: telemetry.dropped,
      failures: telemetry.failures,
      connections: telemetry.connections,
      mqtt: telemetry.mqtt,
    },
  } as const;
}

function resendHealth(resend: Readonly<ResendCounters>) {
  return {
    datagrams: resend.datagrams,
    bytes: resend.bytes,
    too_old: resend.tooOld,
    gone: resend.gone,
    over_pace: resend.overPace,
    duplicates: resend.duplicates,
  } as const;
}

function linkHealth(link: LinkStatus) {
  return {
    link: link.link,
    kind: link.kind,
    endpoint: link.endpoint,
    bound: link.is_binding,
    usable: link.usable,
    why_not: link.why_not,
    rtt_ms: link.rtt_ms,
    jitter_ms: link.jitter_ms,
    loss_percent: link.loss_percent,
    missed_in_row: link.missed_in_row,
    flaps: link.flaps,
    day_bytes: link.day_bytes,
    day_bytes_max: link.day_bytes_max,
    spent: link.is_spent,
  } as const;
}
