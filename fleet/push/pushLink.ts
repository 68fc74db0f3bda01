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
import {
  type CodedError,
  type ConnectionEnd,
  connectOptions,
  LastWords,
  whereTo,
} from '../../hal/mqtt/connection.ts';
import { outlastFloods } from '../../hal/mqtt/flood.ts';
import { cut, leave } from '../../hal/mqtt/leave.ts';
import { limitPackets } from '../../hal/mqtt/packetLimits.ts';
import type { SecretFiles } from '../../hal/mqtt/secrets.ts';
import { MqttVersion, type ProtocolLevel } from '../../hal/mqtt/version.ts';
import { oneLine } from '../../hal/oneLine.ts';

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
  /** Tests shorten it. */
  readonly keepaliveS?: number;
}

/** From here on it is a refusal, in both versions. */
const REFUSED_FROM = 0x80;
const KEEPALIVE_S = 15;
const CONNECT_MAX_MS = 10_000;
const WAITS = { firstMs: 500, maxMs: 5_000 } as const;
/** A connection that lasted as long was a good one (chosen). */
const STABLE_MS = 30_000;
/** MQTT 5 brokers keep longer ones from us; a report has 3 KB. */
const PACKET_BYTES_MAX = 65_536;
/** A broker of 3.1.1 passes on what it takes itself. */
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
  #upAtMs: number | null = null;
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

  /** In order where the broker lets it, and gone within 2 s. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const client = this.#client;
    if (client === null) return;
    if (this.#isUp) await new Promise<void>((onGone) => leave(client, {}, onGone));
    else cut(client);
  }

  get #isUp(): boolean {
    return this.#upAtMs !== null;
  }

  #connect(): void {
    this.#open().catch((error: unknown) => this.#onEnd(oneLine(error)));
  }

  async #open(): Promise<void> {
    const { address, onMessage } = this.#parts;
    const found = await whereTo(address);
    if ('code' in found) return this.#onEnd(found.detail);
    if (this.#isStopped) return;
    const { level } = this.#version;
    const client = connect({ ...found.place, ...optionsFor(this.#parts, level), ...found.secrets });
    this.#client = client;
    let isAnswered = false;
    client.on('message', (topic, payload, { retain }) => {
      if (client === this.#client) onMessage(topic, Uint8Array.from(payload), retain);
    });
    client.on('connect', () => {
      isAnswered = true;
      this.#version.onAccepted();
      this.#subscribe(client, (roundTripMs) => this.#onUp(roundTripMs));
    });
    const words = new LastWords(client);
    let misbehaves: string | null = null;
    client.on('close', () => {
      if (client !== this.#client) return;
      this.#client = null;
      const { code, detail } = words.diagnosis(isAnswered);
      if (misbehaves === null) this.#noteVersion(code);
      cut(client);
      this.#onEnd(misbehaves ?? (detail === '' ? 'the connection was closed' : detail));
    });
    outlastFloods(client);
    limitPackets(client, {
      ...{ bytesMax: INCOMING_BYTES_MAX, readsProperties: false },
      hasEnded: () => client !== this.#client,
      onMisbehaves: (detail) => {
        misbehaves = detail;
      },
    });
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

  #onUp(roundTripMs: number): void {
    this.#upAtMs = performance.now();
    this.#parts.onUp(roundTripMs);
    for (const topic of this.#waiting.keys()) this.#send(topic);
  }

  #noteVersion(code: ConnectionEnd['code']): void {
    if (code === 'versionRefused') this.#version.onRefused();
    if (code === 'hungUp') this.#version.onHangUp();
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
    // A broker that grants all and hangs up is not asked again at once for ever.
    const wasStable = performance.now() - (this.#upAtMs ?? Infinity) >= STABLE_MS;
    this.#upAtMs = null;
    this.lastError = why;
    if (this.#isStopped) return;
    this.#failures = wasStable ? 1 : this.#failures + 1;
    this.#parts.onDown(why);
    const waitMs = backoffMs(this.#failures, WAITS, Math.random());
    this.#timer = setTimeout(() => this.#connect(), waitMs);
  }
}

const IN_FIVE = { maximumPacketSize: PACKET_BYTES_MAX, receiveMaximum: RECEIVE_MAX };

function optionsFor(
  { address: { clientId, username }, keepaliveS = KEEPALIVE_S }: PushLinkParts,
  level: ProtocolLevel,
): IClientOptions {
  return {
    ...connectOptions({ level, clientId, username }, IN_FIVE),
    ...{ keepalive: keepaliveS, connectTimeout: CONNECT_MAX_MS, queueQoSZero: false },
  };
}
