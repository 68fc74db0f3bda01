/**
 * What a broker may not send to a device: it ends the connection, before MQTT.js does anything with it.
 *
 * @module
 */
import type { IConnackPacket, MqttClient } from 'mqtt';
import { hasListed } from '../hal/mqtt/connection.ts';
import { PacketSizes } from './packetSizes.ts';

/** A broker has nothing long to say to a client that hears a few topics at most (chosen). */
export const INCOMING_BYTES_MAX = 65_536;
/** As many as a device has topics; a table for each that a broker offers would take a megabyte. */
const TOPIC_ALIASES_MAX = 10;

export interface IncomingLimits {
  /** Nothing is subscribed at all. */
  readonly isDeaf: boolean;
  readonly isSubscribed: (topic: string) => boolean;
  /** May be told of more than one thing. */
  readonly onMisbehaves: (detail: string) => void;
}

/**
 * What is published to us beside the topics that are subscribed is wrong. So is QoS 2, above what was asked for: MQTT.js keeps each of
 * these until a release that may never come.
 */
export function limitIncoming(client: MqttClient, limits: IncomingLimits): void {
  const { isDeaf, isSubscribed, onMisbehaves } = limits;
  client.on('packetreceive', (packet) => {
    if (packet.cmd === 'publish' && !isSubscribed(packet.topic)) {
      onMisbehaves(isDeaf ? 'nothing is subscribed' : 'that is not subscribed');
    }
    if (packet.cmd === 'publish' && packet.qos > 1) onMisbehaves('a publish at QoS 2');
    if (packet.cmd === 'connack') limitAliases(packet.properties);
    if (packet.cmd === 'connack' && hasListed(packet.properties)) {
      delete packet.properties;
      onMisbehaves('a property twice');
    }
  });
  const sizes = new PacketSizes(INCOMING_BYTES_MAX);
  let isOver = false;
  client.stream.on('data', (chunk: Uint8Array) => {
    if (isOver || !sizes.isOver(chunk)) return;
    isOver = true;
    onMisbehaves(`a packet of more than ${INCOMING_BYTES_MAX} bytes`);
  });
}

/** Before MQTT.js makes its table of them. */
function limitAliases(properties: IConnackPacket['properties']): void {
  const { topicAliasMaximum } = properties ?? {};
  if (properties === undefined || typeof topicAliasMaximum !== 'number') return;
  properties.topicAliasMaximum = Math.min(topicAliasMaximum, TOPIC_ALIASES_MAX);
}
