/**
 * Health over MQTT: when to report, and to which broker.
 *
 * Nothing of the session waits for this or is told of it (I10): it asks for a status, and whatever goes
 * wrong is counted here and shown in `jvpn status`. One timer, armed for the next thing due.
 *
 * Reports are made at the policy's interval, on every connect and soon after a change, also while the
 * broker is away: the newest waits in a bounded queue, and what it replaced is counted.
 *
 * @module
 */
import type { AuditRow } from '../hal/linux/auditLog.ts';
import { newClock } from '../hal/linux/clock.ts';
import { desiredTopics, deviceTopics, keyLevel } from '../hal/mqtt/topics.ts';
import type { Policy } from '../policies/schema.ts';
import type { CommandPlace } from '../policies/signed/body.ts';
import type { AuditKind } from '../session/audit.ts';
import type { EndedCounts } from './endedSessions.ts';
import { newName } from './events/openStore.ts';
import type { EventStore } from './events/store.ts';
import { type EventFigures, EventStream } from './events/stream.ts';
import { Reporter } from './reporter.ts';
import type { Start } from './start.ts';
import type { TunnelStatus } from './status.ts';
import { twinOf } from './twin.ts';
import { COMMIT, VERSION } from './version.ts';

export interface Telemetry {
  /** Leaves in order if the broker lets it; takes at most {@link STOP_MAX_MS}. */
  stop(): Promise<void>;
  /** For `jvpn status`; plain JSON. */
  status(): unknown;
  /** What becomes of events, for `/metrics`; null: there is no telemetry. */
  events(): EventFigures | null;
  /** An audit event happened. After a transition or a switch a report follows soon. */
  noteChange(event: AuditKind): void;
  /** An event was written to the audit log: a change, and an event to publish. */
  noteEvent(row: AuditRow): void;
  /** Another policy is in force: its intervals and queue, and a report that shows it. */
  usePolicy(policy: Policy): void;
  /** Something became of a document: what is reported of them is another one. */
  tellDocuments(): void;
  /**
   * Calls `run` once the broker is connected as the policy wants it while all is well, at once where it only follows the routes, as it did under the
   * policy before; the newest `run` counts.
   * A policy that shuts its own way in has not proven itself.
   */
  whenReachable(run: () => void): void;
  /** Say presence and health as they are, soon. */
  refresh(): void;
  /** Somebody waits for this on each of these topics. */
  answer(topics: readonly string[], document: object, correlation: Uint8Array | null): void;
}

/** Signed documents that come over the broker's connection, and what became of them. */
export interface Documents {
  /** @param request null: it came where everything but commands comes. */
  readonly onDocument: (
    bytes: Uint8Array,
    isRetained: boolean,
    request: CommandRequest | null,
  ) => void;
  /** Plain values; docs/mqtt.md. */
  readonly reported: () => object;
}

/** How a command came, and where its answer goes. */
export interface CommandRequest {
  readonly place: CommandPlace;
  /** Beside the topic that every answer goes to; null: nowhere. Nobody signed it, and it is one that may be answered to. */
  readonly responseTopic: string | null;
  readonly correlation: Uint8Array | null;
}

export const STOP_MAX_MS = 500;

export interface TelemetryTimes {
  /** Between a change and the report that shows it: what follows within it is one report. */
  readonly changeMs: number;
  readonly backoffFirstMs: number;
  readonly backoffMaxMs: number;
  /** For TCP, TLS and the answer to CONNECT. */
  readonly connectMaxMs: number;
  /** For the broker's acknowledgement: past it the connection is dead. */
  readonly acknowledgeMaxMs: number;
  /** How long a binding of another cost must last before it is worth a reconnect with its keepalive. */
  readonly keepaliveSettleMs: number;
  /** A connection that lasted as long was a good one: the backoff starts over. */
  readonly stableMs: number;
  /** Between two times that everything is said because somebody asked: whoever may ask can not have more than that sent. */
  readonly rebirthMs: number;
}

/** Chosen; the cap of the backoff bounds both what an idle modem pays and how late a broker is found again. */
export const TELEMETRY_TIMES: TelemetryTimes = {
  changeMs: 1_000,
  backoffFirstMs: 1_000,
  backoffMaxMs: 60_000,
  connectMaxMs: 20_000,
  acknowledgeMaxMs: 20_000,
  keepaliveSettleMs: 10_000,
  stableMs: 30_000,
  rebirthMs: 10_000,
};

export interface TelemetryParts {
  readonly start: Start;
  /** Public key, base64. */
  readonly device: string;
  /** May reject, throw or never answer. */
  readonly status: () => Promise<TunnelStatus>;
  /** Sessions that ended since the process started; left out: none. */
  readonly ended?: () => EndedCounts;
  /** Left out: none are taken, and nothing is subscribed. */
  readonly documents?: Documents | null;
  /** Where events wait for the broker; left out: in memory. */
  readonly eventStore?: EventStore | null;
  /** Events from before telemetry was there. */
  readonly earlier?: readonly AuditRow[];
  /** Other times than {@link TELEMETRY_TIMES}, for tests. */
  readonly times?: Partial<TelemetryTimes>;
}

export function startTelemetry(parts: TelemetryParts): Telemetry {
  const { start, device } = parts;
  const { telemetry, push } = start.config;
  if (!telemetry.enabled || telemetry.url === null) return SILENT;
  const name = telemetry.device ?? keyLevel(device);
  const path = (written: string | null) => (written === null ? null : start.path(written));
  const boot = newName();
  const clock = newClock();
  const { eventStore = null } = parts;
  return new Reporter({
    device,
    status: parts.status,
    times: { ...TELEMETRY_TIMES, ...parts.times },
    clock,
    random: Math.random,
    boot,
    policy: start.policy,
    links: start.config.links,
    tunnel: start.config.tunnel.name,
    twin: () =>
      twinOf({
        ...{ config: start.config, device, name, boot, version: VERSION, commit: COMMIT },
        ...{ hasStore: eventStore !== null, tsMs: clock.wallMs() },
        platform: `${process.platform}-${process.arch}`,
      }),
    events: new EventStream(boot, eventStore, newName()),
    earlier: parts.earlier ?? [],
    topics: deviceTopics(telemetry.fleet, name),
    place: { fleet: telemetry.fleet, device: name },
    desiredTopics: desiredTopics(telemetry.fleet, name, push.groups),
    documents: parts.documents ?? null,
    ended: parts.ended ?? (() => ({})),
    sessionExpiryS: telemetry.sessionExpiryS,
    address: {
      url: telemetry.url,
      username: telemetry.username,
      passwordFile: path(telemetry.passwordFile),
      caFile: path(telemetry.caFile),
      certificateFile: path(telemetry.certificateFile),
      keyFile: path(telemetry.keyFile),
      clientId: telemetry.clientId ?? `jvpn-${name}`,
      format: telemetry.format,
    },
  });
}

const SILENT: Telemetry = {
  stop: async () => {},
  status: () => ({ enabled: false }),
  events: () => null,
  noteChange: () => {},
  noteEvent: () => {},
  usePolicy: () => {},
  tellDocuments: () => {},
  whenReachable: (run) => run(),
  refresh: () => {},
  answer: () => {},
};
