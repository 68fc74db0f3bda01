/**
 * What a broker may send to nobody: it ends the connection, before MQTT.js does anything with it.
 *
 * @module
 */
import type { IConnackPacket, MqttClient } from 'mqtt';
import { oneLine } from '../oneLine.ts';
import type { CodedError } from './connection.ts';
import { cut } from './leave.ts';
import { PacketSizes } from './packetSizes.ts';

export interface PacketLimits {
  /** Of one packet, behind its length field. MQTT.js gathers all of it before it looks at its size. */
  readonly bytesMax: number;
  /** Whether the properties of what is published are read. MQTT.js throws at some that a broker must not send. */
  readonly readsProperties: boolean;
  /** Behind its end nothing of the connection is looked at. */
  readonly hasEnded: () => boolean;
  /** Once at most. The connection is cut behind it. */
  readonly onMisbehaves: (detail: string) => void;
}

/** Call it behind whatever else listens to `packetreceive`, so that the packet that ends it is not looked at either. */
export function limitPackets(client: MqttClient, limits: PacketLimits): void {
  const { bytesMax, readsProperties, hasEnded, onMisbehaves } = limits;
  let isCut = false;
  const end = (detail: string) => {
    if (isCut) return;
    isCut = true;
    onMisbehaves(detail);
    cut(client);
  };
  let unread: string | null = null;
  client.on('packetreceive', (packet) => {
    if (unread !== null) end(unread);
    if (packet.cmd === 'publish' && !readsProperties) delete packet.properties;
    // Above what was asked for: MQTT.js keeps each of these until a release that may never come.
    if (packet.cmd === 'publish' && packet.qos > 1) end('a publish at QoS 2');
    const wrong = packet.cmd === 'connack' ? wrongWith(packet.properties) : null;
    if (packet.cmd === 'connack' && wrong !== null) {
      delete packet.properties;
      end(wrong);
    }
  });
  const sizes = new PacketSizes(bytesMax);
  client.stream.on('data', (chunk: Uint8Array) => {
    if (!isCut && sizes.isOver(chunk)) end(`a packet of more than ${bytesMax} bytes`);
  });
  // MQTT 5 §4.13.1. MQTT.js tells of a packet that it cannot read, and goes on; behind all else it has ended the stream. Before the
  // broker has let us in it may be TLS that speaks: only a packet shows that it was not.
  client.on('error', (error: CodedError) => {
    if (client.stream.destroyed || error.code !== undefined) return;
    unread = oneLine(error);
    if (client.connected) end(unread);
  });
  ignoreBehindEnd(client, () => isCut || hasEnded());
}

/** What MQTT.js would stumble over where nobody can catch it, or null. */
function wrongWith(properties: IConnackPacket['properties']): string | null {
  const values: readonly unknown[] = Object.values(properties ?? {});
  // MQTT 5 §2.2.2.2: but for user properties, twice is an error. It makes a list of them, and takes that for the number that it expects.
  if (values.some((value) => Array.isArray(value))) return 'a property twice';
  // It reads -1 where the packet ends before the number does.
  const isCutOff = values.some((value) => typeof value === 'number' && !(value >= 0));
  return isCutOff ? 'a property that is cut off' : null;
}

/**
 * Behind the end of a connection MQTT.js goes on with what came in the same piece, finds its stores closed, and throws where nobody can
 * catch it.
 */
function ignoreBehindEnd(client: MqttClient, hasEnded: () => boolean): void {
  client.on('packetreceive', (packet) => {
    // What it left in order it may still acknowledge.
    const isStored = packet.cmd === 'publish' || packet.cmd === 'pubrel';
    if (hasEnded() || (client.disconnecting && isStored)) Object.assign(packet, { cmd: 'ignored' });
  });
}
