/**
 * One connection to the broker that hears all devices of a fleet: from CONNECT to its end, once.
 *
 * Reconnecting and choosing the version are the caller's. Every failure arrives as one {@link SubscriptionEnd}; nothing
 * throws.
 *
 * @module
 */
import { connect, type IClientOptions, type IConnackPacket, type MqttClient } from 'mqtt';
import type { SessionAsked } from '../hal/mqtt/keptSession.ts';
import { placeOf } from '../hal/mqtt/place.ts';
import { readSecrets, type SecretFiles } from '../hal/mqtt/secrets.ts';
import { fleetTopics } from '../hal/mqtt/topics.ts';
import type { ProtocolLevel } from '../hal/mqtt/version.ts';

export interface SubscriptionEnd {
  readonly code:
    | 'unreachable'
    | 'versionRefused'
    | 'hungUp'
    | 'refused'
    | 'lost'
    | 'takenOver'
    | 'fileUnreadable'
    | 'closed';
  /** For a person: one line of printable ASCII without secrets. */
  readonly detail: string;
}

export interface SubscriptionOptions extends SecretFiles {
  readonly url: string;
  readonly fleet: string;
  readonly username: string | null;
  readonly clientId: string;
  readonly level: ProtocolLevel;
  /** Left out: none, and a clean start. */
  readonly session?: SessionAsked | null;
}

export interface SubscriptionEvents {
  /** All topics are granted. */
  readonly onUp: () => void;
  readonly onMessage: (topic: string, payload: Uint8Array, isRetained: boolean) => void;
  /** Exactly once, and the last that is heard of this connection. */
  readonly onEnd: (end: SubscriptionEnd) => void;
}

/** MQTT.js puts the broker's reason code there as a number, the system its own as text. */
type CodedError = Error & { readonly code?: unknown };

/** "Unacceptable protocol version" of 3.1.1 §3.2.2.3 and "Unsupported Protocol Version" of 5 §3.2.2.2. */
const VERSION_REFUSED = [1, 0x84];
/** MQTT 5 §3.14.2.1: somebody else connected under our name. */
const TAKEN_OVER = 0x8e;
/** From here on it is a refusal, in both versions. */
const SUBSCRIBE_REFUSED = 0x80;
const KEEPALIVE_S = 30;
const CONNECT_MAX_MS = 20_000;
/** MQTT 5 brokers keep longer ones from us; a report has 3 KB. */
const PACKET_BYTES_MAX = 65_536;
/** One packet, which MQTT.js gathers in memory before it looks at it. A broker of 3.1.1 passes on what it takes itself. */
const INCOMING_BYTES_MAX = 4_194_304;
const DETAIL_MAX = 160;

export class Subscription {
  readonly #events: SubscriptionEvents;
  #client: MqttClient | null = null;
  #error: CodedError | null = null;
  #isAnswered = false;
  #isTakenOver = false;
  #hasEnded = false;

  constructor(options: SubscriptionOptions, events: SubscriptionEvents) {
    this.#events = events;
    this.#open(options).catch((error: unknown) =>
      this.end({ code: 'unreachable', detail: oneLine(error) }),
    );
  }

  end(end: SubscriptionEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#client?.end(end.code !== 'closed');
    this.#events.onEnd(end);
  }

  async #open(options: SubscriptionOptions): Promise<void> {
    const secrets = await readSecrets(options);
    // From here on the caller has what it constructs.
    if (this.#hasEnded) return;
    if (typeof secrets === 'string') {
      return this.end({ code: 'fileUnreadable', detail: oneLine(secrets) });
    }
    const place = placeOf(options.url);
    // Not shown: there may be a password in it.
    if (place === null) return this.end({ code: 'unreachable', detail: 'the url is no address' });
    const client = connect({ ...place, ...clientOptions(options), ...secrets });
    this.#client = client;
    client.on('connect', () => {
      this.#isAnswered = true;
      this.#subscribe(client, options);
    });
    client.on('message', (topic, payload, { retain }) => {
      if (!this.#hasEnded) this.#events.onMessage(topic, payload, retain);
    });
    client.on('error', (error) => {
      this.#error = error;
    });
    client.on('disconnect', ({ reasonCode }) => {
      this.#isTakenOver = reasonCode === TAKEN_OVER;
      this.#error = new Error(`the broker ended it, reason ${reasonCode ?? 0}`);
    });
    client.on('close', () => this.end(this.#diagnosis()));
    this.#limitIncoming(client);
  }

  #subscribe(client: MqttClient, { fleet, level }: SubscriptionOptions): void {
    const { health, presence, policyReported, event } = fleetTopics(fleet);
    // Presence first: of a device that is gone, what it said before is told with that known.
    const options = level === 5 ? { qos: 1 as const, rap: false, rh: 0 } : { qos: 1 as const };
    client.subscribe([presence, policyReported, health, event], options, (error, granted) => {
      if (this.#hasEnded) return;
      const refused = granted?.find(({ qos }) => qos >= SUBSCRIBE_REFUSED);
      if (error || refused !== undefined) {
        const detail = refused === undefined ? oneLine(error) : `not allowed: ${refused.topic}`;
        return this.end({ code: 'refused', detail });
      }
      this.#events.onUp();
    });
  }

  #limitIncoming(client: MqttClient): void {
    let bytes = 0;
    client.on('packetreceive', (packet) => {
      bytes = 0;
      // Of none of them is anything read here, and MQTT.js throws at some that a broker must not send.
      if (packet.cmd === 'publish') delete packet.properties;
      if (packet.cmd === 'connack' && hasListed(packet.properties)) {
        delete packet.properties;
        this.end({ code: 'lost', detail: 'a property twice' });
      }
    });
    client.stream.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes > INCOMING_BYTES_MAX) this.end({ code: 'lost', detail: 'a packet without end' });
    });
  }

  #diagnosis(): SubscriptionEnd {
    const error = this.#error;
    const detail = error === null ? '' : oneLine(error);
    if (this.#isTakenOver) return { code: 'takenOver', detail: 'by another process of our name' };
    if (this.#isAnswered) return { code: 'lost', detail };
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

function clientOptions(options: SubscriptionOptions): IClientOptions {
  const { clientId, level, username, session = null } = options;
  const properties = {
    maximumPacketSize: PACKET_BYTES_MAX,
    ...(session === null ? {} : { sessionExpiryInterval: session.expiryS }),
  };
  return {
    ...{
      clientId,
      protocolVersion: level,
      clean: session?.isResumed !== true,
      keepalive: KEEPALIVE_S,
    },
    ...{ connectTimeout: CONNECT_MAX_MS, reconnectPeriod: 0, resubscribe: false },
    ...(level === 5 ? { properties } : {}),
    ...(username === null ? {} : { username }),
  };
}

/** Some of it was written by the broker: nothing that a terminal would obey. */
function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, DETAIL_MAX);
}
