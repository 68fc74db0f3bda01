/**
 * Publishes one file as a command, as often and with what the test says, and ends when the broker has it.
 *
 * Usage: bun test/lab/mqttAsk.ts URL TOPIC FILE [JSON of `Asking`]
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { connectAsync } from 'mqtt';

export interface Asking {
  readonly retain?: boolean;
  /** Times; from the second on marked as a duplicate. */
  readonly times?: number;
  readonly responseTopic?: string;
  /** Hex digits. */
  readonly correlation?: string;
}

const [url = '', topic = '', file = '', json = '{}'] = process.argv.slice(2);
const { retain = false, times = 1, responseTopic, correlation } = JSON.parse(json) as Asking;
const properties = {
  ...(responseTopic === undefined ? {} : { responseTopic }),
  ...(correlation === undefined ? {} : { correlationData: Buffer.from(correlation, 'hex') }),
};
const client = await connectAsync(url, { protocolVersion: 5 });
for (let time = 0; time < times; time++) {
  const options = { qos: 1, retain, dup: time > 0, properties } as const;
  await client.publishAsync(topic, readFileSync(file), options).catch((error: unknown) => {
    console.error(String(error));
  });
}
await client.endAsync();
