/**
 * Publishes one file as a retained message, and says so when the broker has it.
 *
 * Usage: bun test/lab/mqttPush.ts URL TOPIC FILE
 */
import { readFileSync } from 'node:fs';
import { connectAsync } from 'mqtt';

const [url = '', topic = '', file = ''] = process.argv.slice(2);
const client = await connectAsync(url, { protocolVersion: 4 });
await client.publishAsync(topic, readFileSync(file), { qos: 1, retain: true });
await client.endAsync();
