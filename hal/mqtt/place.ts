/**
 * The broker's address as MQTT.js takes it apart, or null where it is none.
 *
 * MQTT.js would read the text with `url.parse`, which prints a warning about itself into our log.
 *
 * @module
 */
import type { IClientOptions } from 'mqtt';

type Place = Pick<
  IClientOptions,
  'protocol' | 'host' | 'hostname' | 'port' | 'path' | 'username' | 'password'
>;

/** Ports that IANA registered for MQTT, and those of the web for WebSocket. */
const PORTS = { mqtt: 1_883, mqtts: 8_883, ws: 80, wss: 443 } as const;

export function placeOf(url: string): Place | null {
  const parsed = URL.parse(url);
  const protocol = parsed?.protocol.slice(0, -1) ?? '';
  if (parsed === null || !isKnown(protocol) || parsed.hostname === '') return null;
  const isWeb = protocol === 'ws' || protocol === 'wss';
  // A WebSocket address is put together as text again, where IPv6 needs its brackets.
  const host = isWeb ? parsed.hostname : parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  const [username, password] = [parsed.username, parsed.password].map(plain);
  return {
    protocol,
    host,
    hostname: host,
    port: parsed.port === '' ? PORTS[protocol] : Number(parsed.port),
    ...(isWeb ? { path: `${parsed.pathname}${parsed.search}` } : {}),
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
  };
}

const isKnown = (protocol: string): protocol is keyof typeof PORTS =>
  Object.hasOwn(PORTS, protocol);

/** A `%` that encodes nothing stands for itself. */
function plain(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
