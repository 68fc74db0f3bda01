/**
 * Both ends of a telemetry test: the real reporter with a made-up session, and a subscriber that keeps what it hears.
 *
 * @module
 */
import { decode } from 'cbor-x';
import { connect } from 'mqtt';
import type { Health } from '../../agent/health.ts';
import type { Presence } from '../../agent/presence.ts';
import { startTelemetry, type Telemetry } from '../../agent/telemetry.ts';
import type { twinOf } from '../../agent/twin.ts';
import { DEVICE, TOPIC } from './reporting.ts';

/** Changes and reconnects in fractions of a second. */
export const QUICK = {
  ...{ changeMs: 50, backoffFirstMs: 50, backoffMaxMs: 200 },
  rebirthMs: 300,
} as const;

export const urlOf = (port: number) => `mqtt://127.0.0.1:${port}`;

interface Shown {
  readonly connected: boolean;
  readonly protocol: string | null;
  readonly published: number;
  readonly dropped: number;
  readonly queue_bytes: number;
  readonly last_error: string | null;
}

/** A reporter that is stopped at the end of the test. */
export function reporting(parts: Omit<Parameters<typeof startTelemetry>[0], 'device'>) {
  const telemetry: Telemetry = startTelemetry({ device: DEVICE, times: QUICK, ...parts });
  return {
    telemetry,
    shown: () => telemetry.status() as Shown,
    events: () => (telemetry.status() as { events: { sent: number } }).events,
    [Symbol.asyncDispose]: () => telemetry.stop(),
  };
}

type Twin = ReturnType<typeof twinOf>;

interface Message {
  readonly topic: string;
  readonly retain: boolean;
  readonly contentType: string | undefined;
  /** By its first byte: no CBOR map begins like that. */
  readonly isJson: boolean;
  readonly value: unknown;
  /** What an event carries beside its payload; with MQTT 3.1.1 nothing. */
  readonly expiryS: number | undefined;
  readonly userProperties: unknown;
}

/** An event as it is published; docs/mqtt.md. */
export interface HeardEvent {
  readonly stream: string;
  readonly boot: string;
  readonly seq: number;
  readonly event: string;
  readonly reason_code: string;
  readonly historical: boolean;
  readonly gap: { readonly from_seq: number; readonly to_seq: number; readonly why: string } | null;
}

/** A subscriber to everything of the device that keeps what it hears. */
export async function listening(url: string, options: { version?: 4 | 5; auth?: object } = {}) {
  const messages: Message[] = [];
  const client = connect(url, { protocolVersion: options.version ?? 5, ...options.auth });
  client.on('error', () => {});
  client.on('message', (topic, payload, { retain, properties }) => {
    // What is asked of the device, not what it says.
    if (payload.length === 0) return;
    const { contentType, messageExpiryInterval: expiryS, userProperties } = properties ?? {};
    const isJson = payload[0] === '{'.charCodeAt(0);
    const value: unknown = isJson ? JSON.parse(payload.toString()) : decode(payload);
    messages.push({ topic, retain, contentType, isJson, value, expiryS, userProperties });
  });
  await client.subscribeAsync(`${TOPIC}/#`, { qos: 1 });
  const of = <T>(leaf: string) =>
    messages.filter(({ topic }) => topic === `${TOPIC}/${leaf}`).map(({ value }) => value as T);
  return {
    messages,
    health: () => of<Health>('health'),
    presence: () => of<Presence>('presence'),
    twin: () => of<Twin>('twin'),
    /** Of all kinds, as they came. */
    events: () =>
      messages
        .filter(({ topic }) => topic.startsWith(`${TOPIC}/event/`))
        .map(({ value }) => value as HeardEvent),
    ask: (leaf: string) => client.publishAsync(`${TOPIC}/${leaf}`, '', { qos: 1 }),
    [Symbol.asyncDispose]: () => client.endAsync(true),
  };
}
