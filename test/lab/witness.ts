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
import { DEVICE, TOPIC } from './reporting.ts';

/** Changes and reconnects in fractions of a second. */
export const QUICK = { changeMs: 50, backoffFirstMs: 50, backoffMaxMs: 200 } as const;

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
    [Symbol.asyncDispose]: () => telemetry.stop(),
  };
}

interface Message {
  readonly topic: string;
  readonly retain: boolean;
  readonly contentType: string | undefined;
  /** By its first byte: no CBOR map begins like that. */
  readonly isJson: boolean;
  readonly value: unknown;
}

/** A subscriber to everything of the device that keeps what it hears. */
export async function listening(url: string, options: { version?: 4 | 5; auth?: object } = {}) {
  const messages: Message[] = [];
  const client = connect(url, { protocolVersion: options.version ?? 5, ...options.auth });
  client.on('error', () => {});
  client.on('message', (topic, payload, { retain, properties }) => {
    const { contentType } = properties ?? {};
    const isJson = payload[0] === '{'.charCodeAt(0);
    const value: unknown = isJson ? JSON.parse(payload.toString()) : decode(payload);
    messages.push({ topic, retain, contentType, isJson, value });
  });
  await client.subscribeAsync(`${TOPIC}/#`, { qos: 1 });
  const of = <T>(leaf: string) =>
    messages.filter(({ topic }) => topic === `${TOPIC}/${leaf}`).map(({ value }) => value as T);
  return {
    messages,
    health: () => of<Health>('health'),
    presence: () => of<Presence>('presence'),
    [Symbol.asyncDispose]: () => client.endAsync(true),
  };
}
