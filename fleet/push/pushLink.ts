/**
 * Keeps a connection to the broker over which documents are published and their answers heard.
 *
 * What is published waits until the broker has acknowledged it, over as many connections as that takes; of each topic the newest.
 *
 * What the broker retains is heard at QoS 0: at QoS 1 a broker sends so many and waits a round trip for their acknowledgement. It may come before
 * its SUBACK or behind it, so the first topic is asked for, then the others, then the first once more: what a broker sends in order behind a
 * SUBACK has come before the next one.
 *
 * @module
 */
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { backoffMs } from '../../hal/backoff.ts';
import { hasListed, ignoreBehindEnd, oneLine } from '../../hal/mqtt/connection.ts';
import { placeOf } from '../../hal/mqtt/place.ts';
import { readSecrets, type SecretFiles } from '../../hal/mqtt/secrets.ts';
import { MqttVersion } from '../../hal/mqtt/version.ts';

export interface PushAddress extends SecretFiles {
  readonly url: string;
  readonly username: string | null;
  readonly clientId: string;
}

export interface PushLinkParts {
  readonly address: PushAddress;
  /** Heard on each connection, the first before the others. */
  readonly topics: readonly string[];
  readonly onMessage: (topic: string, payload: Uint8Array, isRetained: boolean) => void;
  /** All topics are granted, and a broker that sends what it retains in order has sent it. How long one SUBSCRIBE took. */
  readonly onUp: (roundTripMs: number) => void;
  readonly onDown: (why: string) => void;
  /** The broker does not take this, and will not; or does not let this be heard. */
  readonly onRefused: (topic: string) => void;
}

type CodedError = Error & { readonly code?: unknown };

/** "Unacceptable protocol version" of 3.1.1 §3.2.2.3 and "Unsupported Protocol Version" of 5 §3.2.2.2. */
const VERSION_REFUSED = [1, 0x84];
/** From here on it is a refusal, in both versions. */
const REFUSED_FROM = 0x80;
const KEEPALIVE_S = 15;
const CONNECT_MAX_MS = 10_000;
const WAITS = { firstMs: 500, maxMs: 5_000 } as const;
/** MQTT 5 brokers keep longer ones from us; a report has 3 KB. */
const PACKET_BYTES_MAX = 65_536;
/** One packet, which MQTT.js gathers in memory before it looks at it. A broker of 3.1.1 passes on what it takes itself. */
const INCOMING_BYTES_MAX = 4_194_304;
/** Publishes that a broker may have under way (chosen): more than mosquitto has by itself. */
const RECEIVE_MAX = 256;
/** MQTT 5 §3.3.2.3.3. */
const EXPIRY_MAX_S = 0xffff_ffff;

interface Waiting {
  readonly payload: Uint8Array;
  /** How long the broker may keep it, or null. */
  readonly expiresInS: number | null;
}

export class PushLink {
  readonly #parts: PushLinkParts;
  readonly #version = new MqttVersion();
  readonly #waiting = new Map<string, Waiting>();
  #client: MqttClient | null = null;
  #timer: Timer | null = null;
  #failures = 0;
  #isUp = false;
  #isStopped = false;
  lastError: string | null = null;

  constructor(parts: PushLinkParts) {
    this.#parts = parts;
    this.#connect();
  }

  /** The broker has everything. */
  get isIdle(): boolean {
    return this.#waiting.size === 0;
  }

  /** Retained, at QoS 1. Empty: what is retained there is no more. */
  publish(topic: string, payload: Uint8Array, expiresInS: number | null): void {
    this.#waiting.set(topic, { payload, expiresInS });
    if (this.#isUp) this.#send(topic);
  }

  /** Not sent any more, unless it is on its way. @returns whether it waited. */
  withdraw(topic: string): boolean {
    return this.#waiting.delete(topic);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#client?.endAsync(!this.#isUp).catch(() => {});
  }

  #connect(): void {
    this.#open().catch((error: unknown) => this.#onEnd(oneLine(error)));
  }

  async #open(): Promise<void> {
    const { address, onMessage } = this.#parts;
    const secrets = await readSecrets(address);
    if (typeof secrets === 'string') return this.#onEnd(oneLine(secrets));
    const place = placeOf(address.url);
    // Not shown: there may be a password in it.
    if (place === null) return this.#onEnd('the url is no address');
    if (this.#isStopped) return;
    const { level } = this.#version;
    const client = connect({ ...place, ...optionsFor(address, level), ...secrets });
    this.#client = client;
    let isAnswered = false;
    let problem: CodedError | null = null;
    client.on('message', (topic, payload, { retain }) => {
      if (client === this.#client) onMessage(topic, Uint8Array.from(payload), retain);
    });
    let hasEnded = false;
    this.#limitIncoming(client, (why) => {
      hasEnded = true;
      problem ??= new Error(why);
      client.end(true);
    });
    client.on('connect', () => {
      isAnswered = true;
      this.#version.onAccepted();
      this.#subscribe(client, (roundTripMs) => {
        this.#failures = 0;
        this.#isUp = true;
        this.#parts.onUp(roundTripMs);
        for (const topic of this.#waiting.keys()) this.#send(topic);
      });
    });
    client.on('error', (error) => {
      problem = error;
    });
    client.on('close', () => {
      if (client !== this.#client) return;
      this.#client = null;
      if (!isAnswered) this.#noteVersion(problem);
      client.end(true);
      this.#onEnd(problem === null ? 'the connection was closed' : oneLine(problem));
    });
    ignoreBehindEnd(client, () => hasEnded);
  }

  #subscribe(client: MqttClient, onGranted: (roundTripMs: number) => void): void {
    const first = this.#parts.topics.slice(0, 1);
    const others = this.#parts.topics.slice(1);
    const askedAtMs = performance.now();
    this.#ask(client, first, () => {
      const roundTripMs = performance.now() - askedAtMs;
      const barrier = () => this.#ask(client, first, () => onGranted(roundTripMs));
      if (others.length === 0) barrier();
      else this.#ask(client, others, barrier);
    });
  }

  #ask(client: MqttClient, topics: readonly string[], onGranted: () => void): void {
    client.subscribe([...topics], { qos: 0 }, (error, _asked, answer) => {
      const codes = answer?.granted ?? [];
      const refused = codes.findIndex((code) => Number(code) >= REFUSED_FROM);
      if (refused >= 0) return this.#parts.onRefused(topics[refused] ?? '');
      if (error === null && client === this.#client) onGranted();
    });
  }

  #limitIncoming(client: MqttClient, onMisbehaves: (why: string) => void): void {
    let bytes = 0;
    client.on('packetreceive', (packet) => {
      bytes = 0;
      // Of none of them is anything read here, and MQTT.js throws at some that a broker must not send.
      if (packet.cmd === 'publish') delete packet.properties;
      // Above what was asked for: MQTT.js keeps each of these until a release that may never come.
      if (packet.cmd === 'publish' && packet.qos > 1) onMisbehaves('a publish at QoS 2');
      if (packet.cmd === 'connack' && hasListed(packet.properties)) {
        delete packet.properties;
        onMisbehaves('a property twice');
      }
    });
    client.stream.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes > INCOMING_BYTES_MAX) onMisbehaves('a packet without end');
    });
  }

  #noteVersion(problem: CodedError | null): void {
    const isRefused = typeof problem?.code === 'number' && VERSION_REFUSED.includes(problem.code);
    if (isRefused) this.#version.onRefused();
    else if (problem === null) this.#version.onHangUp();
  }

  #send(topic: string): void {
    const waiting = this.#waiting.get(topic);
    const client = this.#client;
    if (waiting === undefined || client === null) return;
    const { payload, expiresInS } = waiting;
    const isFive = client.options.protocolVersion === 5;
    const properties =
      isFive && expiresInS !== null
        ? { messageExpiryInterval: Math.min(EXPIRY_MAX_S, Math.max(1, Math.ceil(expiresInS))) }
        : {};
    const options = { qos: 1, retain: true, properties } as const;
    client.publish(topic, Buffer.from(payload), options, (error?: CodedError) => {
      if (error && typeof error.code === 'number') return this.#parts.onRefused(topic);
      // Another one may have taken its place.
      if (!error && this.#waiting.get(topic) === waiting) this.#waiting.delete(topic);
    });
  }

  #onEnd(why: string): void {
    this.#isUp = false;
    this.lastError = why;
    if (this.#isStopped) return;
    this.#failures += 1;
    this.#parts.onDown(why);
    const waitMs = backoffMs(this.#failures, WAITS, Math.random());
    this.#timer = setTimeout(() => this.#connect(), waitMs);
  }
}

const IN_FIVE = { maximumPacketSize: PACKET_BYTES_MAX, receiveMaximum: RECEIVE_MAX };

function optionsFor({ clientId, username }: PushAddress, level: 5 | 4): IClientOptions {
  return {
    ...{ clientId, protocolVersion: level, clean: true, keepalive: KEEPALIVE_S },
    ...{ connectTimeout: CONNECT_MAX_MS, reconnectPeriod: 0, resubscribe: false },
    ...{ queueQoSZero: false },
    ...(level === 5 ? { properties: IN_FIVE } : {}),
    ...(username === null ? {} : { username }),
  };
}
