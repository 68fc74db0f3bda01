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
import { placeOf } from '../hal/mqtt/place.ts';
import { readSecrets } from '../hal/mqtt/secrets.ts';
import type { ProtocolLevel } from '../hal/mqtt/version.ts';
import { brokerStream, tlsFor } from './brokerStream.ts';
import type { Report } from './mqttQueue.ts';
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
  /** Left out: nothing is subscribed. */
  readonly hears?: Hears | null;
}

/** Topics, without wildcards, and who is told what is published there. */
export interface Hears {
  readonly topics: readonly string[];
  /** Bytes from anyone who may write there; as often as the broker likes to repeat them. */
  readonly onPayload: (payload: Uint8Array, isRetained: boolean) => void;
}

export interface BrokerEvents {
  readonly onUp: () => void;
  /** The broker does not let us hear this one of {@link BrokerOptions.hears}; the connection lives on. */
  readonly onDeaf?: (topic: string) => void;
  /** Exactly once, and the last that is heard of this connection. */
  readonly onEnd: (end: BrokerEnd) => void;
}

/** MQTT.js puts the broker's reason code there as a number, the system its own as text. */
type CodedError = Error & { readonly code?: unknown };

/** "Unacceptable protocol version" of 3.1.1 §3.2.2.3 and "Unsupported Protocol Version" of 5 §3.2.2.2. */
const VERSION_REFUSED = [1, 0x84];
/** A broker has nothing long to say to a client that hears a few documents (chosen). */
const INCOMING_BYTES_MAX = 65_536;
/** How long `close` waits for what is not acknowledged (chosen). */
const CLOSE_MAX_MS = 2_000;
const DETAIL_MAX = 160;
const CLOSED: BrokerEnd = { code: 'closed', detail: '' };

export class Broker {
  readonly level: ProtocolLevel;
  readonly keepaliveMs: number;
  readonly #format: PayloadFormat;
  readonly #hears: Hears | null;
  readonly #events: BrokerEvents;
  #client: MqttClient | null = null;
  #answer: IConnackPacket | null = null;
  #error: CodedError | null = null;
  #isClosing = false;
  #hasEnded = false;

  constructor(options: BrokerOptions, events: BrokerEvents) {
    this.level = options.level;
    this.keepaliveMs = options.keepaliveMs;
    this.#format = options.format;
    this.#hears = options.hears ?? null;
    this.#events = events;
    this.#open(options).catch((error: unknown) =>
      this.end({ code: 'unreachable', detail: oneLine(error) }),
    );
  }

  get isUp(): boolean {
    return this.#answer !== null && !this.#isClosing && !this.#hasEnded;
  }

  /**
   * Send one retained report. `onOutcome` is called once, or never if the connection ends first.
   * At QoS 1, so that `delivered` is the broker's word; where it only has QoS 0, that the bytes were written.
   */
  publish(report: Report, onOutcome: (outcome: 'delivered' | 'refused') => void): void {
    const client = this.#client;
    if (client === null || !this.isUp) return;
    const { maximumQoS, retainAvailable } = this.#answer?.properties ?? {};
    const payload = Buffer.from(report.payload);
    const qos = maximumQoS === 0 ? 0 : 1;
    const properties = PAYLOAD_PROPERTIES[this.#format];
    const options = { qos, retain: retainAvailable !== false, properties } as const;
    client.publish(report.topic, payload, options, (error?: CodedError) => {
      // Without a reason code it is not the broker's word: the connection is ending.
      const isAnswer = !error || typeof error.code === 'number';
      if (isAnswer && !this.#hasEnded) onOutcome(error ? 'refused' : 'delivered');
    });
  }

  /** Leave in order: the broker does not publish the will. `onEnd` follows with `closed`, in bounded time. */
  close(): void {
    if (this.#client === null || !this.isUp) return this.end(CLOSED);
    this.#isClosing = true;
    const patience = setTimeout(() => this.end(CLOSED), CLOSE_MAX_MS).unref();
    this.#client.end(false, () => {
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
    client.on('connect', (answer) => {
      this.#answer = answer;
      if (this.#hasEnded) return;
      this.#events.onUp();
      if (this.#hears !== null) this.#subscribe(client, this.#hears);
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

  #subscribe(client: MqttClient, { topics, onPayload }: Hears): void {
    client.on('message', (_, payload, { retain }) => {
      if (!this.#hasEnded) onPayload(Uint8Array.from(payload), retain);
    });
    client.subscribe([...topics], { qos: 1 }, (error, granted) => {
      const isHeard = (topic: string) =>
        error === null && granted?.some((grant) => grant.topic === topic && grant.qos < 0x80);
      const deaf = topics.find((topic) => isHeard(topic) !== true);
      if (deaf !== undefined && !this.#hasEnded) this.#events.onDeaf?.(deaf);
    });
  }

  /**
   * What is published to us beside the topics that are subscribed is wrong. And MQTT.js looks at the size of a
   * packet when it holds all of it, while the length field allows 256 MB.
   */
  #limitIncoming(client: MqttClient): void {
    let bytes = 0;
    client.on('packetreceive', (packet) => {
      bytes = 0;
      if (packet.cmd === 'publish' && this.#hears?.topics.includes(packet.topic) !== true) {
        const detail = this.#hears === null ? 'nothing is subscribed' : 'that is not subscribed';
        this.end({ code: 'misbehaves', detail });
      }
      if (packet.cmd === 'connack' && hasListed(packet.properties)) {
        delete packet.properties;
        this.end({ code: 'misbehaves', detail: 'a property twice' });
      }
    });
    client.stream.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes <= INCOMING_BYTES_MAX) return;
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

function clientOptions(options: BrokerOptions): IClientOptions {
  const isFive = options.level === 5;
  return {
    protocolVersion: options.level,
    clientId: options.clientId,
    clean: true,
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
    ...(isFive ? { properties: { maximumPacketSize: INCOMING_BYTES_MAX } } : {}),
    ...(options.username === null ? {} : { username: options.username }),
  };
}

/** Some of it was written by the broker: nothing that a terminal would obey. */
function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, DETAIL_MAX);
}
