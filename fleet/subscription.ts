/**
 * One connection to the broker that hears all devices of a fleet: from CONNECT to its end, once.
 *
 * Reconnecting and choosing the version are the caller's. Every failure arrives as one {@link SubscriptionEnd}; nothing
 * throws.
 *
 * @module
 */
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import {
  type ConnectionEnd,
  type ConnectionOptions,
  connectOptions,
  LastWords,
  whereTo,
} from '../hal/mqtt/connection.ts';
import { outlastFloods } from '../hal/mqtt/flood.ts';
import { cut, leave } from '../hal/mqtt/leave.ts';
import { limitPackets } from '../hal/mqtt/packetLimits.ts';
import { fleetTopics } from '../hal/mqtt/topics.ts';
import { oneLine } from '../hal/oneLine.ts';

export interface SubscriptionEnd {
  readonly code: ConnectionEnd['code'] | 'takenOver';
  readonly detail: string;
}

export interface SubscriptionOptions extends ConnectionOptions {
  readonly fleet: string;
  /** Tests shorten it. */
  readonly keepaliveS?: number;
}

export interface SubscriptionEvents {
  /** All topics are granted. */
  readonly onUp: () => void;
  readonly onMessage: (topic: string, payload: Uint8Array, isRetained: boolean) => void;
  /** Exactly once, and the last that is heard of this connection. */
  readonly onEnd: (end: SubscriptionEnd) => void;
}

/** MQTT 5 §3.14.2.1: somebody else connected under our name. */
const TAKEN_OVER = 0x8e;
/** From here on it is a refusal, in both versions. */
const SUBSCRIBE_REFUSED = 0x80;
const KEEPALIVE_S = 30;
const CONNECT_MAX_MS = 20_000;
/** MQTT 5 brokers keep longer ones from us; a report has 3 KB. */
const PACKET_BYTES_MAX = 65_536;
/** A broker of 3.1.1 passes on what it takes itself. */
const INCOMING_BYTES_MAX = 4_194_304;

export class Subscription {
  readonly #events: SubscriptionEvents;
  #client: MqttClient | null = null;
  #isAnswered = false;
  #hasEnded = false;

  constructor(options: SubscriptionOptions, events: SubscriptionEvents) {
    this.#events = events;
    this.#open(options).catch((error: unknown) =>
      this.end({ code: 'unreachable', detail: oneLine(error) }),
    );
  }

  /** Ends the connection, if it has not ended, and tells `onEnd` why. `closed` says goodbye to the broker; whatever else is cut. */
  end(end: SubscriptionEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const client = this.#client;
    if (client !== null && this.#isAnswered && end.code === 'closed') leave(client, {}, () => {});
    else if (client !== null) cut(client);
    this.#events.onEnd(end);
  }

  async #open(options: SubscriptionOptions): Promise<void> {
    const found = await whereTo(options);
    // From here on the caller has what it constructs.
    if (this.#hasEnded) return;
    if ('code' in found) return this.end(found);
    const { place, secrets } = found;
    const client = connect({ ...place, ...clientOptions(options), ...secrets });
    this.#client = client;
    const words = new LastWords(client);
    client.on('connect', () => {
      this.#isAnswered = true;
      this.#subscribe(client, words, options);
    });
    client.on('message', (topic, payload, { retain }) => {
      if (!this.#hasEnded) this.#events.onMessage(topic, payload, retain);
    });
    client.on('close', () => this.end(this.#diagnosis(words)));
    outlastFloods(client);
    limitPackets(client, {
      ...{ bytesMax: INCOMING_BYTES_MAX, readsProperties: false },
      hasEnded: () => this.#hasEnded,
      onMisbehaves: (detail) => this.end({ code: 'lost', detail }),
    });
  }

  #subscribe(client: MqttClient, words: LastWords, { fleet, level }: SubscriptionOptions): void {
    const { health, presence, policyReported, event } = fleetTopics(fleet);
    // Presence first: of a device that is gone, what it said before is told with that known.
    const retained = level === 5 ? { qos: 0 as const, rap: false, rh: 0 } : { qos: 0 as const };
    // A broker that keeps a session for us would keep old reports with it, until those of who is gone find no room.
    const wanted = {
      ...{ [presence]: retained, [policyReported]: retained, [health]: retained },
      [event]: { ...retained, qos: 1 as const },
    };
    const topics = Object.keys(wanted);
    client.subscribe(wanted, (error, _asked, answer) => {
      if (this.#hasEnded) return;
      const codes = answer?.granted ?? [];
      const refused = topics[codes.findIndex((code) => Number(code) >= SUBSCRIBE_REFUSED)];
      if (refused !== undefined) {
        return this.end({ code: 'refused', detail: `not allowed: ${refused}` });
      }
      if (error !== null) {
        // Not the broker's word: MQTT.js is ending the connection, and says so here before it is closed.
        const end = this.#diagnosis(words);
        return this.end(end.detail === '' ? { ...end, detail: oneLine(error) } : end);
      }
      this.#events.onUp();
    });
  }

  #diagnosis(words: LastWords): SubscriptionEnd {
    if (words.reasonCode !== TAKEN_OVER) return words.diagnosis(this.#isAnswered);
    return { code: 'takenOver', detail: 'by another process of our name' };
  }
}

function clientOptions(options: SubscriptionOptions): IClientOptions {
  return {
    ...connectOptions(options, { maximumPacketSize: PACKET_BYTES_MAX }),
    ...{ keepalive: options.keepaliveS ?? KEEPALIVE_S, connectTimeout: CONNECT_MAX_MS },
  };
}
