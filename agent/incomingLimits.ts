/**
 * What a broker may not send to a device: it ends the connection, before MQTT.js does anything with it.
 *
 * @module
 */
import type { IConnackPacket, MqttClient } from 'mqtt';
import { limitPackets } from '../hal/mqtt/packetLimits.ts';

/** A broker has nothing long to say to a client that hears a few topics at most (chosen). */
export const INCOMING_BYTES_MAX = 65_536;
/** As many as a device has topics; a table for each that a broker offers would take a megabyte. */
const TOPIC_ALIASES_MAX = 10;

export interface IncomingLimits {
  /** Nothing is subscribed at all. */
  readonly isDeaf: boolean;
  readonly isSubscribed: (topic: string) => boolean;
  readonly hasEnded: () => boolean;
  /** Ends the connection. May be told of more than one thing. */
  readonly onMisbehaves: (detail: string) => void;
}

/** What is published to us beside the topics that are subscribed is wrong, as is QoS 2, above what was asked for. */
export function limitIncoming(client: MqttClient, limits: IncomingLimits): void {
  const { isDeaf, isSubscribed, hasEnded, onMisbehaves } = limits;
  client.on('packetreceive', (packet) => {
    if (packet.cmd === 'publish' && !isSubscribed(packet.topic)) {
      onMisbehaves(isDeaf ? 'nothing is subscribed' : 'that is not subscribed');
    }
    if (packet.cmd === 'connack') limitAliases(packet.properties);
  });
  limitPackets(client, {
    ...{ bytesMax: INCOMING_BYTES_MAX, readsProperties: true },
    ...{ hasEnded, onMisbehaves },
  });
}

/** Before MQTT.js makes its table of them. */
function limitAliases(properties: IConnackPacket['properties']): void {
  const { topicAliasMaximum } = properties ?? {};
  if (properties === undefined || typeof topicAliasMaximum !== 'number') return;
  properties.topicAliasMaximum = Math.min(topicAliasMaximum, TOPIC_ALIASES_MAX);
}
