/**
 * What a broker may not send to a device: it ends the connection, before MQTT.js does anything with it.
 *
 * @module
 */
import type { IConnackPacket, MqttClient, Packet } from 'mqtt';
import { limitPackets } from '../hal/mqtt/packetLimits.ts';
import { TELEMETRY } from '../policies/schema/resources.ts';
import { HEARD_PER_MINUTE_MAX } from './heardRate.ts';

/** A broker has nothing long to say to a client that hears a few topics at most (chosen). */
export const INCOMING_BYTES_MAX = 65_536;
/** As many as a device has topics; a table for each that a broker offers would take a megabyte. */
const TOPIC_ALIASES_MAX = 10;
/** Nobody may have us ping more often than a policy may. */
const KEEPALIVE_MIN_S = TELEMETRY.fields.mqtt_keepalive_ms.min / 1_000;

export interface IncomingLimits {
  /** Nothing is subscribed at all. */
  readonly isDeaf: boolean;
  readonly isSubscribed: (topic: string) => boolean;
  /** One more packet came that answers nothing of ours. True: it is one too many. */
  readonly isOneTooMany: () => boolean;
  readonly hasEnded: () => boolean;
  /** Ends the connection. May be told of more than one thing. */
  readonly onMisbehaves: (detail: string) => void;
}

/**
 * What is published to us beside the topics that are subscribed is wrong. So is QoS 2, above what was asked for, and a keepalive that
 * would have us ping all the time. What answers something of ours is free, for we paced that; whatever else comes is counted.
 */
export function limitIncoming(client: MqttClient, limits: IncomingLimits): void {
  const { isDeaf, isSubscribed, isOneTooMany, hasEnded, onMisbehaves } = limits;
  // CONNECT was sent before anybody could listen.
  let owed = 1;
  client.on('packetsend', (packet) => {
    if (isAnswered(packet)) owed += 1;
  });
  client.on('packetreceive', (packet) => {
    if (owed > 0 && ANSWERS.has(packet.cmd)) owed -= 1;
    else if (isOneTooMany()) onMisbehaves(`more than ${HEARD_PER_MINUTE_MAX} messages a minute`);
    if (packet.cmd === 'publish' && !isSubscribed(packet.topic)) {
      onMisbehaves(isDeaf ? 'nothing is subscribed' : 'that is not subscribed');
    }
    if (packet.cmd !== 'connack') return;
    const { serverKeepAlive } = packet.properties ?? {};
    if (isTooOften(serverKeepAlive)) onMisbehaves(`a keepalive of ${serverKeepAlive} s`);
    limitAliases(packet.properties);
  });
  limitPackets(client, {
    ...{ bytesMax: INCOMING_BYTES_MAX, readsProperties: true },
    ...{ hasEnded, onMisbehaves },
  });
}

const ANSWERS: ReadonlySet<Packet['cmd']> = new Set(['connack', 'suback', 'puback', 'pingresp']);

const isAnswered = (packet: Packet) =>
  packet.cmd === 'subscribe' ||
  packet.cmd === 'pingreq' ||
  (packet.cmd === 'publish' && packet.qos > 0);

/** MQTT 5 §3.2.2.3.14; 0 has none, and ours is kept. */
const isTooOften = (serverKeepAliveS: number | undefined) =>
  typeof serverKeepAliveS === 'number' &&
  serverKeepAliveS > 0 &&
  serverKeepAliveS < KEEPALIVE_MIN_S;

/** Before MQTT.js makes its table of them. */
function limitAliases(properties: IConnackPacket['properties']): void {
  const { topicAliasMaximum } = properties ?? {};
  if (properties === undefined || typeof topicAliasMaximum !== 'number') return;
  properties.topicAliasMaximum = Math.min(topicAliasMaximum, TOPIC_ALIASES_MAX);
}
