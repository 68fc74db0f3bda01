/**
 * What MQTT.js reads and writes: a quiet TCP connection to the broker, with TLS over it where the address says so.
 *
 * As the streams that MQTT.js makes itself, except for their timers: a certificate that does not fit ends it.
 *
 * @module
 */
import type { Duplex } from 'node:stream';
import type { IClientOptions, MqttClient } from 'mqtt';
import { openQuietTcp } from '../hal/linux/quietTcp.ts';
import { parseIp } from '../session/wire/ip.ts';

export type ConnectTls = typeof import('node:tls').connect;

/** TLS is loaded by the caller, where the address asks for it: with its sockets it takes a megabyte. */
export async function tlsFor(protocol: string | undefined): Promise<ConnectTls | null> {
  return protocol === 'mqtts' ? (await import('node:tls')).connect : null;
}

export function brokerStream(
  client: MqttClient,
  options: IClientOptions & { readonly boundTo: string | null },
  connectTls: ConnectTls | null,
): Duplex {
  const { hostname = 'localhost', port = 0, boundTo, ca, cert, key } = options;
  const tcp = openQuietTcp({ host: hostname, port, boundTo });
  tcp.on('error', (error) => client.emit('error', error));
  if (connectTls === null) return tcp;
  // RFC 6066 §3: no literal addresses in a server name.
  const servername = parseIp(hostname).ok ? '' : hostname;
  const tls = connectTls({
    socket: tcp,
    host: hostname,
    servername,
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  });
  tls.on('error', (error) => client.emit('error', error));
  // Neither outlives the other.
  tls.on('close', () => tcp.destroy());
  tcp.on('close', () => tls.destroy());
  return tls;
}
