/**
 * Prints every message of a broker as a line of JSON: `mqttReader.ts URL` → `{"topic": …, "hex": …, "properties": …}`.
 *
 * First a line `{"topic": null}` when the broker has taken the subscription to everything.
 *
 * @module
 */
import { connect } from 'mqtt';

export interface MqttLine {
  readonly topic: string | null;
  readonly hex: string;
  readonly properties: unknown;
}

const say = (line: MqttLine) => console.log(JSON.stringify(line));

const client = connect(process.argv[2] ?? '', { protocolVersion: 5 });
client.on('message', (topic, payload, { properties }) =>
  say({ topic, hex: payload.toString('hex'), properties: properties ?? null }),
);
client.on('connect', () =>
  client.subscribe('#', (error) => {
    if (error !== null) throw error;
    say({ topic: null, hex: '', properties: null });
  }),
);
