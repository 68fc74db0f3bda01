/**
 * One connection to the MQTT broker: from CONNECT to its end, once.
 *
 * Reconnecting, queueing and choosing the version are the caller's. MQTT.js is told to do neither: it
 * gets a report only while connected and keeps nothing for later, so its stores cannot grow.
 * Every failure arrives as one {@link BrokerEnd}; nothing throws.
 *
 * @module
 */
import type { IClientOptions, IConnackPacket, IDisconnectPacket, MqttClient } from 'mqtt';
import { isCovered } from '../hal/mqtt/commandTopic.ts';
import {
  type CodedError,
  type ConnectionEnd,
  type ConnectionOptions,
  connectOptions,
  LastWords,
  whereTo,
} from '../hal/mqtt/connection.ts';
import { cut, leave } from '../hal/mqtt/leave.ts';
import type { ProtocolLevel } from '../hal/mqtt/version.ts';
import { oneLine } from '../hal/oneLine.ts';
import { brokerStream, tlsFor } from './brokerStream.ts';
import { INCOMING_BYTES_MAX, limitIncoming } from './incomingLimits.ts';
import type { Report } from './mqttQueue.ts';
import { PAYLOAD_PROPERTIES, type PayloadFormat } from './payload.ts';

/** How a connection ended; `misbehaves`: the broker said what it may not say. */
export interface BrokerEnd {
  readonly code: ConnectionEnd['code'] | 'silent' | 'misbehaves';
  readonly detail: string;
}

export interface BrokerOptions extends ConnectionOptions {
  /** Of all payloads, the will's included. */
  readonly format: PayloadFormat;
  readonly keepaliveMs: number;
  readonly connectMaxMs: number;
  readonly will: Report;
  /** Left out: nothing is subscribed. */
  readonly hears?: readonly Hears[];
  /** One more packet came that answers nothing of ours. True: it is one too many. Left out: nobody counts. */
  readonly isOneTooMany?: () => boolean;
}

/** Topics, which may have `+` for whole levels, and who is told what is published there. */
export interface Hears {
  readonly topics: readonly string[];
  /** 0: what comes while the connection is away is not kept for it. Left out: 1. */
  readonly qos?: 0 | 1;
  /** From anyone who may write there; as often as the broker likes to repeat it. */
  readonly onMessage: (heard: Heard) => void;
}

export interface Heard {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** As whoever published it asked for, and from MQTT 5 on also where it has just been published. */
  readonly isRetained: boolean;
  /** MQTT 5 §4.10: where whoever published it waits for an answer, and what he knows it by. Nobody has checked either. */
  readonly responseTopic: string | null;
  readonly correlation: Uint8Array | null;
}

export interface BrokerEvents {
  readonly onUp: () => void;
  /** The broker lets us not hear this topic of {@link BrokerOptions.hears}; the connection lives on. */
  readonly onDeaf?: (topic: string) => void;
  /** Exactly once, and the last that is heard of this connection. */
  readonly onEnd: (end: BrokerEnd) => void;
}

/** Publishes that a broker may have under way; each is judged before the next is read (chosen). */
const RECEIVE_MAX = 8;
const DISCONNECT_WITH_WILL = 0x04;
/** MQTT 5 §3.1.3.2.2: who is back sooner has not been away. A reconnect takes four round trips and a broker's work (chosen). */
const WILL_DELAY_S = 5;
const CLOSED: BrokerEnd = { code: 'closed', detail: '' };

export class Broker {
  readonly level: ProtocolLevel;
  readonly keepaliveMs: number;
  readonly #format: PayloadFormat;
  readonly #hears: readonly Hears[];
  readonly #events: BrokerEvents;
  #client: MqttClient | null = null;
  #answer: IConnackPacket | null = null;
  #isClosing = false;
  #hasEnded = false;
  #unacknowledged = 0;
  /** Beyond what the broker takes at once, in order. */
  readonly #held: (() => void)[] = [];

  constructor(options: BrokerOptions, events: BrokerEvents) {
    this.level = options.level;
    this.keepaliveMs = options.keepaliveMs;
    this.#format = options.format;
    this.#hears = options.hears ?? [];
    this.#events = events;
    this.#open(options).catch((error: unknown) =>
      this.end({ code: 'unreachable', detail: oneLine(error) }),
    );
  }

  get isUp(): boolean {
    return this.#answer !== null && !this.#isClosing && !this.#hasEnded;
  }

  /** What the broker has us keep, or what was asked for, in seconds; null: it is not up. */
  get keepaliveS(): number | null {
    return this.isUp ? (this.#client?.keepalive ?? null) : null;
  }

  /**
   * Send one report. `onOutcome` is called once, or never if the connection ends first.
   * At QoS 1, so that `delivered` is the broker's word; where it only has QoS 0, that the bytes were written. No more are
   * under way at once than the broker said (MQTT 5 §3.2.2.3.3); callers bound what waits here for that.
   */
  publish(report: Report, onOutcome: (outcome: 'delivered' | 'refused') => void): void {
    const atOnce = this.#answer?.properties?.receiveMaximum ?? Infinity;
    const isFull = this.#unacknowledged >= atOnce || this.#held.length > 0;
    if (isFull) this.#held.push(() => this.#send(report, onOutcome));
    else this.#send(report, onOutcome);
  }

  #send(report: Report, onOutcome: (outcome: 'delivered' | 'refused') => void): void {
    const client = this.#client;
    if (client === null || !this.isUp) return;
    const { maximumQoS, retainAvailable } = this.#answer?.properties ?? {};
    this.#unacknowledged += 1;
    const payload = Buffer.from(report.payload);
    const qos = maximumQoS === 0 ? 0 : 1;
    const retain = report.isRetained !== false && retainAvailable !== false;
    const properties = { ...PAYLOAD_PROPERTIES[this.#format], ...propertiesOf(report) };
    client.publish(report.topic, payload, { qos, retain, properties }, (error?: CodedError) => {
      this.#unacknowledged -= 1;
      // Before the outcome is told: what follows from that comes after what waits.
      this.#held.shift()?.();
      // Without a reason code it is not the broker's word: the connection is ending.
      const isAnswer = !error || typeof error.code === 'number';
      if (isAnswer && !this.#hasEnded) onOutcome(error ? 'refused' : 'delivered');
    });
  }

  /** Leave in order: the broker does not publish the will, and forgets what it keeps for us. `onEnd` follows with `closed`, in bounded time. */
  close(): void {
    this.#leave(this.level === 5 ? { properties: { sessionExpiryInterval: 0 } } : {});
  }

  /**
   * Leave in order for another connection, which may fail: the broker publishes the will (MQTT 5 §3.14.2.1, reason 4), and keeps what
   * comes meanwhile. 3.1.1 has no word for that. `onEnd` as for {@link close}.
   */
  change(): void {
    if (this.level === 5) this.#leave({ reasonCode: DISCONNECT_WITH_WILL });
    else this.end(CLOSED);
  }

  #leave(saying: Partial<IDisconnectPacket>): void {
    if (this.#client === null || !this.isUp) return this.end(CLOSED);
    this.#isClosing = true;
    leave(this.#client, saying, () => this.end(CLOSED));
  }

  /** Cut the connection. Unless `close` came first, the broker publishes the will. */
  end(end: BrokerEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#client !== null) cut(this.#client);
    this.#events.onEnd(end);
  }

  async #open(options: BrokerOptions): Promise<void> {
    // Loaded here, so that an agent without telemetry never pays for it.
    const mqtt = await import('mqtt');
    if (this.#hasEnded) return;
    const found = await whereTo(options);
    if ('code' in found) return this.end(found);
    const { place, secrets } = found;
    const connectTls = await tlsFor(place.protocol);
    if (this.#hasEnded) return;
    const settings = { ...place, ...clientOptions(options), ...secrets };
    const isWeb = place.protocol === 'ws' || place.protocol === 'wss';
    const client = isWeb
      ? mqtt.connect(settings)
      : new mqtt.MqttClient((asking) => brokerStream(asking, settings, connectTls), settings);
    this.#client = client;
    // What the broker has kept follows its answer at once.
    this.#hear(client);
    client.on('connect', (answer) => {
      this.#answer = answer;
      if (this.#hasEnded) return;
      this.#events.onUp();
      if (this.#hears.length > 0) this.#subscribe(client);
    });
    const words = new LastWords(client);
    const diagnosis = () => (this.#isClosing ? CLOSED : words.diagnosis(this.#answer !== null));
    client.on('close', () => this.end(diagnosis()));
    limitIncoming(client, {
      isDeaf: this.#hears.length === 0,
      isSubscribed: (topic) => this.#hearsOf(topic) !== undefined,
      isOneTooMany: options.isOneTooMany ?? (() => false),
      hasEnded: () => this.#hasEnded,
      onMisbehaves: (detail) => this.end({ code: 'misbehaves', detail }),
    });
  }

  #hear(client: MqttClient): void {
    client.on('message', (topic, payload, { retain, properties }) => {
      if (this.#hasEnded) return;
      const { responseTopic, correlationData } = properties ?? {};
      this.#hearsOf(topic)?.onMessage({
        ...{ topic, payload: Uint8Array.from(payload), isRetained: retain },
        // Of either there may be a list: MQTT 5 §2.2.2.2.
        responseTopic: typeof responseTopic === 'string' ? responseTopic : null,
        correlation:
          correlationData instanceof Uint8Array ? Uint8Array.from(correlationData) : null,
      });
    });
  }

  /** On each connection: a broker may have forgotten, and it says again what is retained. */
  #subscribe(client: MqttClient): void {
    const wanted = this.#hears.flatMap(({ topics, qos = 1 }) =>
      topics.map((topic) => [topic, qos] as const),
    );
    // One by one: MQTT.js does not say which of several was refused.
    for (const [topic, qos] of wanted) {
      client.subscribe(topic, { qos, rap: true }, (error, granted) => {
        const isRefused = error !== null || granted?.[0] === undefined || granted[0].qos >= 0x80;
        if (isRefused && !this.#hasEnded) this.#events.onDeaf?.(topic);
      });
    }
  }

  #hearsOf(topic: string): Hears | undefined {
    return this.#hears.find(({ topics }) => topics.some((filter) => isCovered(filter, topic)));
  }
}

function propertiesOf({ expiryS, userProperties, correlation = null }: Report) {
  return {
    ...(correlation === null ? {} : { correlationData: Buffer.from(correlation) }),
    ...(expiryS === undefined ? {} : { messageExpiryInterval: expiryS }),
    ...(userProperties === undefined ? {} : { userProperties: { ...userProperties } }),
  };
}

function clientOptions(options: BrokerOptions): IClientOptions {
  const isFive = options.level === 5;
  const { will, format, session = null } = options;
  // Where the broker keeps a session: else its end is told at once, whatever is asked for.
  const delay = session === null ? {} : { willDelayInterval: WILL_DELAY_S };
  return {
    ...connectOptions(options, {
      maximumPacketSize: INCOMING_BYTES_MAX,
      receiveMaximum: RECEIVE_MAX,
    }),
    // MQTT carries whole seconds.
    keepalive: Math.ceil(options.keepaliveMs / 1_000),
    connectTimeout: options.connectMaxMs,
    queueQoSZero: false,
    timerVariant: 'native',
    // Its table of all 65,536 numbers takes eight megabytes, to save a few microseconds a packet.
    writeCache: false,
    will: {
      topic: will.topic,
      payload: Buffer.from(will.payload),
      ...({ qos: 1, retain: true } as const),
      ...(isFive ? { properties: { ...PAYLOAD_PROPERTIES[format], ...delay } } : {}),
    },
    ...(isFive ? { autoAssignTopicAlias: true } : {}),
  };
}
