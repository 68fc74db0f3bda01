/**
 * Makes the health reports and sees them acknowledged.
 *
 * Every deadline is a field; one timer is armed for the nearest. The rules are in agent/telemetry.ts.
 *
 * @module
 */
import type { Clock } from '../hal/clock.ts';
import type { AuditRow } from '../hal/linux/auditLog.ts';
import type { DeviceTopics } from '../hal/mqtt/topics.ts';
import type { Policy } from '../policies/schema.ts';
import type { AuditKind } from '../session/audit.ts';
import type { Heard } from './broker.ts';
import { type BrokerAddress, BrokerLink } from './brokerLink.ts';
import { BrokerWay } from './brokerWay.ts';
import type { AgentLink } from './config.ts';
import { documentsHeard } from './documentsHeard.ts';
import type { EndedCounts } from './endedSessions.ts';
import { EventLane } from './events/lane.ts';
import type { EventFigures, EventStream } from './events/stream.ts';
import type { TelemetryCounters } from './health.ts';
import { MqttQueue } from './mqttQueue.ts';
import { encodePayload } from './payload.ts';
import { Rebirth } from './rebirth.ts';
import { HealthReports } from './reporter/healthReports.ts';
import { goodbye, lastStatus, publishLast } from './reporter/leaving.ts';
import { Pace } from './reporter/pace.ts';
import type { TunnelStatus } from './status.ts';
import type { Documents, Telemetry, TelemetryTimes } from './telemetry.ts';

export interface ReporterParts {
  readonly device: string;
  readonly status: () => Promise<TunnelStatus>;
  readonly times: TelemetryTimes;
  readonly clock: Clock;
  readonly random: () => number;
  readonly boot: string;
  readonly policy: Policy;
  readonly links: readonly AgentLink[];
  /** Name of the tun. */
  readonly tunnel: string;
  /** What the device is; plain values. */
  readonly twin: () => object;
  readonly events: EventStream;
  /** Events from before this was made. */
  readonly earlier: readonly AuditRow[];
  readonly topics: DeviceTopics;
  /** The two names that all its topics begin with. */
  readonly place: { readonly fleet: string; readonly device: string };
  /** Where documents come that are no commands. */
  readonly desiredTopics: readonly string[];
  readonly address: BrokerAddress;
  readonly sessionExpiryS: number;
  readonly documents: Documents | null;
  readonly ended: () => EndedCounts;
}

export class Reporter implements Telemetry {
  readonly #parts: ReporterParts;
  readonly #queue: MqttQueue;
  readonly #way: BrokerWay;
  readonly #link: BrokerLink;
  readonly #lane: EventLane;
  readonly #rebirth: Rebirth;
  readonly #pace: Pace;
  readonly #health: HealthReports;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isStopped = false;
  #isAsking = false;
  #statusFailures = 0;
  #lastError: string | null = null;
  #onGone: (() => void) | null = null;
  #onReachable: (() => void) | null = null;
  /** The newest policy has the broker reached as the one before had. */
  #isAsBefore = true;
  #healthAtMs: number;
  #changeAtMs = Infinity;
  #acknowledgeAtMs = Infinity;

  constructor(parts: ReporterParts) {
    const { clock, policy, topics, documents } = parts;
    this.#parts = parts;
    this.#pace = new Pace(policy, parts.links);
    this.#queue = new MqttQueue(policy.telemetry.queueBytesMax);
    this.#rebirth = new Rebirth(parts.times.rebirthMs);
    this.#health = new HealthReports({
      ...{ device: parts.device, boot: parts.boot, clock, ended: parts.ended },
      ...{ format: parts.address.format, policy: () => this.#pace.policy },
      counters: () => this.#counters(),
    });
    this.#healthAtMs = this.#health.startedAtMs + this.#pace.intervalMs;
    this.#way = new BrokerWay(policy, parts, this.#now());
    // It has to know what the session does before the first interval is over.
    if (this.#way.rule === 'session_down') this.#changeAtMs = this.#now() + parts.times.changeMs;
    this.#link = new BrokerLink({
      ...parts,
      way: this.#way,
      presenceTopic: parts.topics.presence,
      hears: [
        ...(documents === null ? [] : documentsHeard(parts, documents)),
        { topics: [topics.rebirth], qos: 0, onMessage: (heard) => this.#onRebirth(heard) },
      ],
      nowMs: () => clock.monotonicMs(),
      wallMs: () => clock.wallMs(),
      keepaliveMs: this.#pace.keepaliveMs,
      onUp: () => this.#onUp(),
      onDown: () => this.#onDown(),
    });
    this.#lane = new EventLane({
      ...{ stream: parts.events, boot: parts.boot, format: parts.address.format },
      ...{ topicOf: topics.event, nowMs: () => this.#now() },
      acknowledgeMaxMs: parts.times.acknowledgeMaxMs,
      onChange: () => this.#flush(),
    });
    for (const row of parts.earlier) this.#lane.add(row);
    this.#arm();
  }

  noteEvent(row: AuditRow): void {
    if (this.#isStopped) return;
    this.#lane.add(row);
    this.noteChange(row.event);
    this.#flush();
  }

  noteChange(event: AuditKind): void {
    if (this.#isStopped || (event !== 'transition' && event !== 'switch')) return;
    if (event === 'switch') this.#health.switches += 1;
    this.#changeAtMs = Math.min(this.#changeAtMs, this.#now() + this.#parts.times.changeMs);
    this.#link.tryEarly();
    this.#arm();
  }

  usePolicy(policy: Policy): void {
    if (this.#isStopped) return;
    // Followed again, because an emergency began or ended, it is still compared with the one before it.
    if (policy.version !== this.#pace.policy.version) {
      this.#isAsBefore = this.#way.rule === policy.telemetry.outsideTunnel;
    }
    this.#pace.policy = policy;
    this.#queue.resize(policy.telemetry.queueBytesMax);
    this.#link.wantKeepalive(this.#pace.keepaliveMs);
    this.#way.usePolicy(policy);
    this.#link.followWay();
    this.#changeAtMs = Math.min(this.#changeAtMs, this.#now() + this.#parts.times.changeMs);
    this.#arm();
  }

  whenReachable(run: () => void): void {
    const isRouted = this.#way.rule === 'routed' && this.#isAsBefore;
    if (isRouted || this.#isReached) return run();
    this.#onReachable = run;
  }

  /** In the way that the policy wants while all is well. */
  get #isReached(): boolean {
    const isOutside =
      this.#way.rule === 'session_down' && this.#link.boundTo !== this.#parts.tunnel;
    return this.#link.up !== null && !isOutside;
  }

  tellDocuments(): void {
    if (this.#isStopped) return;
    this.#queueDocuments();
    this.#flush();
  }

  refresh(): void {
    if (this.#isStopped) return;
    // Without a connection, the next one says both.
    if (this.#link.up !== null) this.#queue.push(this.#link.birth());
    // What is being asked already is fresh enough.
    if (!this.#isAsking) this.#report();
    this.#flush();
  }

  answer(topics: readonly string[], document: object, correlation: Uint8Array | null): void {
    if (this.#isStopped) return;
    const payload = encodePayload(document, this.#parts.address.format);
    for (const topic of topics) {
      this.#queue.push({ topic, payload, isRetained: false, correlation });
    }
    this.#flush();
  }

  /** The newest waits; what it replaced is in its counters. */
  #queueDocuments(): void {
    const { documents, topics, address } = this.#parts;
    if (documents === null) return;
    const payload = encodePayload(documents.reported(), address.format);
    this.#queue.supersede(topics.policyReported);
    this.#queue.push({ topic: topics.policyReported, payload });
  }

  status(): unknown {
    const { published, dropped, failures, connections, mqtt } = this.#counters();
    return {
      enabled: true,
      connected: mqtt !== null,
      protocol: mqtt,
      bound_to: this.#link.boundTo,
      keepalive_s: this.#link.keepaliveS,
      published,
      dropped,
      queue_bytes: this.#queue.bytes,
      connections,
      failures,
      status_failures: this.#statusFailures,
      last_error: this.#lastError ?? this.#link.lastError ?? this.#lane.lastError,
      events: this.#parts.events.status(),
    };
  }

  readonly events = (): EventFigures => this.#parts.events.figures();

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const broker = this.#link.up;
    if (broker === null) {
      this.#parts.events.close();
      return this.#link.stop();
    }
    this.#lane.send(broker);

    // The retained report shall not show a session that is over.
    const status = await lastStatus(this.#ask);
    const { health } = this.#parts.topics;
    const last = [this.#link.farewell()];
    if (status !== null) last.unshift({ topic: health, payload: this.#health.next(status) });
    await publishLast(broker, last);
    this.#parts.events.close();
    await goodbye((onGone) => {
      this.#onGone = onGone;
      this.#link.stop();
    });
    broker.end({ code: 'closed', detail: '' });
  }

  #arm(): void {
    if (this.#isStopped) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const atMs = Math.min(
      this.#healthAtMs,
      this.#changeAtMs,
      this.#acknowledgeAtMs,
      this.#rebirth.dueAtMs,
      this.#lane.nextDeadlineMs,
      this.#link.nextDeadlineMs(),
    );
    const waitMs = Math.max(0, Math.ceil(atMs - this.#now()));
    this.#timer = setTimeout(() => this.#tick(), waitMs);
  }

  #tick(): void {
    const nowMs = this.#now();
    this.#lane.tick(nowMs);
    const isSilent = Math.min(this.#acknowledgeAtMs, this.#lane.silentAtMs) <= nowMs;
    if (isSilent) this.#link.abort('a report was not acknowledged');
    this.#link.tick(nowMs);
    if (this.#rebirth.dueAtMs <= nowMs) this.#giveBirth();
    if (Math.min(this.#healthAtMs, this.#changeAtMs) <= nowMs) this.#report();
    this.#arm();
  }

  #onUp(): void {
    this.#lastError = null;
    this.#sayAll();
    this.#flush();
    if (!this.#isReached) return;
    this.#onReachable?.();
    this.#onReachable = null;
  }

  /** What is retained, but for presence: who just subscribed, and a broker that forgot, know all of it again. */
  #sayAll(): void {
    this.#rebirth.said(this.#now());
    this.#sayTwin();
    this.#queueDocuments();
    // What is being asked already is fresh enough.
    if (!this.#isAsking) this.#report();
  }

  #onRebirth({ isRetained }: Heard): void {
    this.#rebirth.asked(isRetained, this.#now());
    this.#arm();
  }

  #giveBirth(): void {
    this.#link.sayBirth();
    this.#sayAll();
  }

  #sayTwin(): void {
    const { topics, address, twin } = this.#parts;
    const payload = encodePayload(twin(), address.format);
    this.#link.up?.publish({ topic: topics.twin, payload }, (outcome) => {
      if (outcome === 'refused') this.#lastError = `refused: ${topics.twin}`;
    });
  }

  #onDown(): void {
    this.#acknowledgeAtMs = Infinity;
    this.#rebirth.forget();
    this.#lane.onDown();
    if (this.#queue.isInFlight) this.#queue.settle('unknown');
    this.#onGone?.();
    this.#arm();
  }

  /** Make a report and send what waits. One question at a time, however long its answer takes. */
  #report(): void {
    this.#healthAtMs = this.#now() + this.#pace.intervalMs;
    this.#changeAtMs = Infinity;
    if (this.#isAsking) return this.#onStatusFailed('the last question is not answered');
    this.#isAsking = true;
    this.#ask()
      .finally(() => {
        this.#isAsking = false;
      })
      .then(
        (status) => this.#onStatus(status),
        (error: unknown) => this.#onStatusFailed(String(error)),
      );
  }

  #onStatus(status: TunnelStatus): void {
    if (this.#isStopped) return;
    this.#follow(status);
    const { health } = this.#parts.topics;
    this.#queue.supersede(health);
    this.#queue.push({ topic: health, payload: this.#health.next(status) });
    this.#flush();
  }

  #onStatusFailed(why: string): void {
    this.#statusFailures += 1;
    this.#lastError = `statusFailed: ${why}`;
    this.#flush();
  }

  /** The interval and the keepalive follow what the binding costs; without a binding they stay. */
  #follow(status: TunnelStatus): void {
    this.#way.follow(status, this.#now());
    this.#link.followWay();
    if (!this.#pace.follow(status)) return;
    this.#healthAtMs = this.#now() + this.#pace.intervalMs;
    this.#link.wantKeepalive(this.#pace.keepaliveMs);
  }

  #flush(): void {
    if (this.#isStopped) return;
    const broker = this.#link.up;
    const report = broker === null ? null : this.#queue.take();
    if (broker !== null && report !== null) {
      this.#acknowledgeAtMs = this.#now() + this.#parts.times.acknowledgeMaxMs;
      broker.publish(report, (outcome) => {
        this.#acknowledgeAtMs = Infinity;
        if (outcome === 'refused') this.#lastError = `refused: ${report.topic}`;
        this.#queue.settle(outcome);
        this.#flush();
      });
    }
    if (broker !== null) this.#lane.send(broker);
    this.#arm();
  }

  /** Async, so that a status that throws rejects. */
  #ask = async () => this.#parts.status();

  #counters(): TelemetryCounters {
    return {
      published: this.#queue.delivered,
      dropped: this.#queue.dropped,
      failures: this.#link.failures,
      connections: this.#link.connections,
      mqtt: this.#link.mqtt,
    };
  }

  #now(): number {
    return this.#parts.clock.monotonicMs();
  }
}
