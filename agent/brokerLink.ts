/**
 * Keeps a connection to the broker: reconnects with backoff, finds the MQTT version, follows the keepalive.
 *
 * Owns no timer: the caller asks for `nextDeadlineMs` and calls `tick` when it is due. A spurious `tick` is
 * harmless.
 *
 * @module
 */
import { backoffMs } from '../hal/backoff.ts';
import { KeptSession } from '../hal/mqtt/keptSession.ts';
import { MQTT_NAME, MqttVersion } from '../hal/mqtt/version.ts';
import { Broker, type BrokerEnd, type BrokerOptions, type Hears } from './broker.ts';
import type { BrokerWay } from './brokerWay.ts';
import { HeardRate } from './heardRate.ts';
import type { Report } from './mqttQueue.ts';
import { encodePayload } from './payload.ts';
import { presenceBirth, presenceEnd, presenceWill } from './presence.ts';
import type { TelemetryTimes } from './telemetry.ts';

export type BrokerAddress = Pick<
  BrokerOptions,
  | 'url'
  | 'username'
  | 'passwordFile'
  | 'caFile'
  | 'certificateFile'
  | 'keyFile'
  | 'clientId'
  | 'format'
>;

export interface BrokerLinkParts {
  readonly address: BrokerAddress;
  readonly times: TelemetryTimes;
  readonly presenceTopic: string;
  /** Whoever changes what it follows calls `followWay`. Left out: as the routes say. */
  readonly way?: BrokerWay;
  readonly hears?: readonly Hears[];
  readonly boot: string;
  readonly nowMs: () => number;
  readonly wallMs: () => number;
  readonly random: () => number;
  readonly keepaliveMs: number;
  /** How long the broker keeps for this process what comes while the connection is away; 0: it does not. */
  readonly sessionExpiryS: number;
  readonly onUp: () => void;
  readonly onDown: () => void;
}

/** A change of the session makes a waiting link try early, at most this often (chosen). */
const EARLY_TRY_MS = 5_000;

export class BrokerLink {
  lastError: string | null = null;
  connections = 0;
  failures = 0;
  readonly #parts: BrokerLinkParts;
  readonly #version = new MqttVersion();
  /** What was kept for another boot is not for this one. */
  readonly #session: KeptSession;
  #keepaliveMs: number;
  #broker: Broker | null = null;
  #isStopped = false;
  #failuresInRow = 0;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #upAtMs = Number.NEGATIVE_INFINITY;
  #connectAtMs: number | null;
  #keepaliveAtMs: number | null = null;

  constructor(parts: BrokerLinkParts) {
    this.#parts = parts;
    this.#session = new KeptSession(parts.sessionExpiryS, false);
    this.#keepaliveMs = parts.keepaliveMs;
    this.#connectAtMs = parts.nowMs();
  }

  /** The connection that takes reports, if there is one. */
  get up(): Broker | null {
    return this.#broker?.isUp === true ? this.#broker : null;
  }

  get mqtt(): '5.0' | '3.1.1' | null {
    return this.up === null ? null : MQTT_NAME[this.up.level];
  }

  /** What the connection that takes reports is bound to; null: nothing, or there is none. */
  get boundTo(): string | null {
    return this.up?.boundTo ?? null;
  }

  /** In force on the connection that is up, in seconds: the broker may have another one than the policy. */
  get keepaliveS(): number | null {
    return this.up?.keepaliveS ?? null;
  }

  nextDeadlineMs(): number {
    const { way } = this.#parts;
    const ownMs = Math.min(this.#connectAtMs ?? Infinity, this.#keepaliveAtMs ?? Infinity);
    // Without a connection there is none to leave: the next one asks for its way itself.
    const hasNone = this.#isStopped || this.#broker === null;
    return hasNone ? ownMs : Math.min(ownMs, way?.nextDeadlineMs() ?? Infinity);
  }

  tick(nowMs: number): void {
    this.followWay();
    if (this.#keepaliveAtMs !== null && this.#keepaliveAtMs <= nowMs) {
      this.#keepaliveAtMs = null;
      this.#broker?.change();
    }
    if (this.#connectAtMs !== null && this.#connectAtMs <= nowMs) this.#connect();
  }

  /** The network may be another one: a wait of minutes makes no sense, a try for every flap neither. */
  tryEarly(): void {
    if (this.#isStopped || this.up !== null) return;
    const { nowMs, times } = this.#parts;
    const earlyMs = Math.max(nowMs() + times.changeMs, this.#triedAtMs + EARLY_TRY_MS);
    this.#connectAtMs = Math.min(this.#connectAtMs ?? Infinity, earlyMs);
  }

  /** MQTT fixes the keepalive in CONNECT, so another one costs a reconnect: only if it stays wanted. */
  wantKeepalive(keepaliveMs: number): void {
    this.#keepaliveMs = keepaliveMs;
    if (this.up === null || this.up.keepaliveMs === keepaliveMs) this.#keepaliveAtMs = null;
    else this.#keepaliveAtMs ??= this.#parts.nowMs() + this.#parts.times.keepaliveSettleMs;
  }

  /** Leave a connection whose way the policy does not allow any more, for one that it does. A wait is not shortened by it. */
  followWay(): void {
    const { way, nowMs } = this.#parts;
    const broker = this.#broker;
    if (broker !== null && way?.allows(broker.boundTo, nowMs()) === false) broker.change();
  }

  /** Give up on a connection that does not answer. */
  abort(detail: string): void {
    this.#broker?.end({ code: 'silent', detail });
  }

  /** What the device says of itself when it leaves in order. */
  farewell(): Report {
    return this.#presence(presenceEnd);
  }

  /** What the device says of itself while it is connected. */
  birth(): Report {
    return this.#presence(presenceBirth);
  }

  sayBirth(): void {
    const { presenceTopic } = this.#parts;
    this.#broker?.publish(this.birth(), (outcome) => {
      if (outcome === 'refused') this.lastError = `refused: ${presenceTopic}`;
    });
  }

  /** End it for good; `onDown` follows, at once unless the broker gets its goodbye. */
  stop(): void {
    this.#isStopped = true;
    this.#connectAtMs = null;
    this.#broker?.close();
  }

  #connect(): void {
    const { address, times, nowMs, way, hears = [] } = this.#parts;
    // Whoever may write to a topic shall not decide how much of a radio is used.
    const rate = new HeardRate();
    // Begun before there was a tunnel, it speaks from an address that nobody behind the hub answers.
    this.#broker?.end({ code: 'unreachable', detail: 'begun before the network changed' });
    this.#connectAtMs = null;
    this.#triedAtMs = nowMs();
    this.connections += 1;
    this.#broker = new Broker(
      {
        ...address,
        boundTo: way?.interfaceAt(nowMs()) ?? null,
        level: this.#version.level,
        keepaliveMs: this.#keepaliveMs,
        connectMaxMs: times.connectMaxMs,
        will: this.#presence(presenceWill),
        session: this.#session.asked(this.#version.level),
        hears,
        isOneTooMany: () => rate.isOver(nowMs()),
      },
      {
        onUp: () => this.#onUp(),
        onDeaf: (topic) => {
          this.lastError = `refused: ${topic}`;
        },
        onEnd: (end) => this.#onEnd(end),
      },
    );
  }

  #onUp(): void {
    const { nowMs, onUp } = this.#parts;
    this.#session.onUp(this.#version.level);
    this.#version.onAccepted();
    this.#upAtMs = nowMs();
    this.#connectAtMs = null;
    // The binding may have changed while CONNECT was under way.
    this.wantKeepalive(this.#keepaliveMs);
    this.sayBirth();
    onUp();
  }

  #onEnd(end: BrokerEnd): void {
    if (end.code !== 'closed') this.#parts.way?.onFailed(this.#broker?.boundTo ?? null);
    this.#broker = null;
    this.#keepaliveAtMs = null;
    if (!this.#isStopped) this.#connectAtMs = this.#parts.nowMs() + this.#waitMs(end);
    this.#parts.onDown();
  }

  /** How long to stay away after `end`: not at all when the end was ours. */
  #waitMs(end: BrokerEnd): number {
    if (end.code === 'closed') return 0;
    if (end.code === 'versionRefused') this.#version.onRefused();
    if (end.code === 'hungUp') this.#version.onHangUp();
    this.failures += 1;
    this.lastError = end.detail === '' ? end.code : `${end.code}: ${end.detail}`;
    const { times, nowMs, random } = this.#parts;
    const wasUp = this.#upAtMs >= this.#triedAtMs;
    // However long it lasted: what ends it would come again at once.
    const isGood = wasUp && end.code !== 'misbehaves';
    const wasStable = isGood && nowMs() - this.#upAtMs >= times.stableMs;
    if (wasUp) this.#session.onEnd(wasStable);
    if (end.code === 'misbehaves') this.#session.forget();
    this.#failuresInRow = wasStable ? 1 : this.#failuresInRow + 1;
    const limits = { firstMs: times.backoffFirstMs, maxMs: times.backoffMaxMs };
    return backoffMs(this.#failuresInRow, limits, random());
  }

  #presence(say: typeof presenceBirth): Report {
    const { address, boot, presenceTopic, wallMs } = this.#parts;
    const moment = { boot, connection: this.connections, ts_ms: Math.round(wallMs()) };
    return { topic: presenceTopic, payload: encodePayload(say(moment), address.format) };
  }
}
