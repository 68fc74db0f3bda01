/**
 * One connection to the MQTT broker: from CONNECT to its end, once.
 *
 * Reconnecting, queueing and choosing the version are the caller's. MQTT.js is told to do neither: it
 * gets a report only while connected and keeps nothing for later, so its stores cannot grow.
 * Every failure arrives as one {@link BrokerEnd}; nothing throws.
 *
 * @module
 */
import type { IClientOptions, IConnackPacket, MqttClient } from 'mqtt';
import { isCovered } from '../hal/mqtt/commandTopic.ts';
import type { SessionAsked } from '../hal/mqtt/keptSession.ts';
import { placeOf } from '../hal/mqtt/place.ts';
import { readSecrets } from '../hal/mqtt/secrets.ts';
import type { ProtocolLevel } from '../hal/mqtt/version.ts';
import { brokerStream, tlsFor } from './brokerStream.ts';
import type { Report } from './mqttQueue.ts';
import { PacketSizes } from './packetSizes.ts';
import { PAYLOAD_PROPERTIES, type PayloadFormat } from './payload.ts';

/** How a connection ended. `versionRefused` and `hungUp` come instead of an answer to CONNECT. */
export interface BrokerEnd {
  readonly code:
    | 'unreachable'
    | 'versionRefused'
    | 'hungUp'
    | 'refused'
    | 'lost'
    | 'silent'
    | 'misbehaves'
    | 'fileUnreadable'
    | 'closed';
  /** For a person: one line of printable ASCII without secrets. */
  readonly detail: string;
}

export interface BrokerOptions {
  readonly url: string;
  readonly username: string | null;
  readonly passwordFile: string | null;
  readonly caFile: string | null;
  /** Both or none. */
  readonly certificateFile: string | null;
  readonly keyFile: string | null;
  readonly clientId: string;
  /** Of all payloads, the will's included. */
  readonly format: PayloadFormat;
  readonly level: ProtocolLevel;
  readonly keepaliveMs: number;
  readonly connectMaxMs: number;
  readonly will: Report;
  /** Left out: none, and a clean start. */
  readonly session?: SessionAsked | null;
  /** Left out: nothing is subscribed. */
  readonly hears?: readonly Hears[];
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

/** MQTT.js puts the broker's reason code there as a number, the system its own as text. */
type CodedError = Error & { readonly code?: unknown };

/** "Unacceptable protocol version" of 3.1.1 §3.2.2.3 and "Unsupported Protocol Version" of 5 §3.2.2.2. */
const VERSION_REFUSED = [1, 0x84];
/** A broker has nothing long to say to a client that hears a few topics at most (chosen). */
const INCOMING_BYTES_MAX = 65_536;
/** Publishes that a broker may have under way; each is judged before the next is read (chosen). */
const RECEIVE_MAX = 8;
/** How long `close` waits for what is not acknowledged (chosen). */
const CLOSE_MAX_MS = 2_000;
const DETAIL_MAX = 160;
/** As many as a device has topics; a table for each that a broker offers would take a megabyte. */
const TOPIC_ALIASES_MAX = 10;
const CLOSED: BrokerEnd = { code: 'closed', detail: '' };

export class Broker {
  readonly level: ProtocolLevel;
  readonly keepaliveMs: number;
  readonly #format: PayloadFormat;
  readonly #hears: readonly Hears[];
  readonly #events: BrokerEvents;
  #client: MqttClient | null = null;
  #answer: IConnackPacket | null = null;
  #error: CodedError | null = null;
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

  /**
   * Leave in order: the broker does not publish the will. `onEnd` follows with `closed`, in bounded time.
   *
   * @param isForGood what the broker keeps for the next connection is to be forgotten.
   */
  close(isForGood: boolean): void {
    if (this.#client === null || !this.isUp) return this.end(CLOSED);
    this.#isClosing = true;
    const patience = setTimeout(() => this.end(CLOSED), CLOSE_MAX_MS).unref();
    const forgets = isForGood && this.level === 5 ? { sessionExpiryInterval: 0 } : {};
    this.#client.end(false, { properties: forgets }, () => {
      clearTimeout(patience);
      this.end(CLOSED);
    });
  }

  /** Cut the connection. Unless `close` came first, the broker publishes the will. */
  end(end: BrokerEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#client?.end(true);
    this.#events.onEnd(end);
  }

  async #open(options: BrokerOptions): Promise<void> {
    // Loaded here, so that an agent without telemetry never pays for it.
    const mqtt = await import('mqtt');
    if (this.#hasEnded) return;
    const place = placeOf(options.url);
    // Not shown: there may be a password in it.
    if (place === null) return this.end({ code: 'unreachable', detail: 'the url is no address' });
    const secrets = await readSecrets(options);
    if (typeof secrets === 'string') {
      return this.end({ code: 'fileUnreadable', detail: oneLine(secrets) });
    }
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
    client.on('error', (error) => {
      this.#error = error;
    });
    client.on('disconnect', ({ reasonCode }) => {
      this.#error = new Error(`the broker ended it, reason ${reasonCode ?? 0}`);
    });
    client.on('close', () => this.end(this.#isClosing ? CLOSED : this.#diagnosis()));
    this.#limitIncoming(client);
  }

  #hear(client: MqttClient): void {
    client.on('message', (topic, payload, { retain, properties }) => {
      if (this.#hasEnded) return;
      const { responseTopic, correlationData } = properties ?? {};
      this.#hearsOf(topic)?.onMessage({
        ...{ topic, payload: Uint8Array.from(payload), isRetained: retain },
        // Of either there may be a list: see `hasListed`.
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

  /**
   * What is published to us beside the topics that are subscribed is wrong. So is QoS 2, above what was asked for: MQTT.js keeps each of
   * these until a release that may never come.
   */
  #limitIncoming(client: MqttClient): void {
    client.on('packetreceive', (packet) => {
      if (packet.cmd === 'publish' && this.#hearsOf(packet.topic) === undefined) {
        const isDeaf = this.#hears.length === 0;
        const detail = isDeaf ? 'nothing is subscribed' : 'that is not subscribed';
        this.end({ code: 'misbehaves', detail });
      }
      if (packet.cmd === 'publish' && packet.qos > 1) {
        this.end({ code: 'misbehaves', detail: 'a publish at QoS 2' });
      }
      if (packet.cmd === 'connack') limitAliases(packet.properties);
      if (packet.cmd === 'connack' && hasListed(packet.properties)) {
        delete packet.properties;
        this.end({ code: 'misbehaves', detail: 'a property twice' });
      }
    });
    const sizes = new PacketSizes(INCOMING_BYTES_MAX);
    client.stream.on('data', (chunk: Uint8Array) => {
      if (this.#hasEnded || !sizes.isOver(chunk)) return;
      this.end({
        code: 'misbehaves',
        detail: `a packet of more than ${INCOMING_BYTES_MAX} bytes`,
      });
    });
  }

  #diagnosis(): BrokerEnd {
    const error = this.#error;
    const detail = error === null ? '' : oneLine(error);
    if (this.#answer !== null) return { code: 'lost', detail };
    if (error === null) return { code: 'hungUp', detail: 'closed instead of an answer' };
    if (typeof error.code === 'number') {
      const code = VERSION_REFUSED.includes(error.code) ? 'versionRefused' : 'refused';
      return { code, detail };
    }
    const hungUp = error.code === 'ECONNRESET' || error.code === 'EPIPE';
    return { code: hungUp ? 'hungUp' : 'unreachable', detail };
  }
}

/**
 * MQTT 5 §2.2.2.2: but for user properties, twice is an error. MQTT.js makes a list of them, takes that for
 * the number that it expects, and throws where nobody can catch it.
 */
function hasListed(properties: IConnackPacket['properties']): boolean {
  return Object.values(properties ?? {}).some((value) => Array.isArray(value));
}

/** Before MQTT.js makes its table of them. */
function limitAliases(properties: IConnackPacket['properties']): void {
  const { topicAliasMaximum } = properties ?? {};
  if (properties === undefined || typeof topicAliasMaximum !== 'number') return;
  properties.topicAliasMaximum = Math.min(topicAliasMaximum, TOPIC_ALIASES_MAX);
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
  const { session = null } = options;
  return {
    protocolVersion: options.level,
    clientId: options.clientId,
    clean: session?.isResumed !== true,
    // MQTT carries whole seconds.
    keepalive: Math.ceil(options.keepaliveMs / 1_000),
    connectTimeout: options.connectMaxMs,
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
    timerVariant: 'native',
    // Its table of all 65,536 numbers takes eight megabytes, to save a few microseconds a packet.
    writeCache: false,
    will: {
      topic: options.will.topic,
      payload: Buffer.from(options.will.payload),
      qos: 1,
      retain: true,
      ...(isFive ? { properties: PAYLOAD_PROPERTIES[options.format] } : {}),
    },
    ...(isFive
      ? {
          properties: {
            ...{ maximumPacketSize: INCOMING_BYTES_MAX, receiveMaximum: RECEIVE_MAX },
            ...(session === null ? {} : { sessionExpiryInterval: session.expiryS }),
          },
          autoAssignTopicAlias: true,
        }
      : {}),
    ...(options.username === null ? {} : { username: options.username }),
  };
}

/** Some of it was written by the broker: nothing that a terminal would obey. */
function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, DETAIL_MAX);
}
