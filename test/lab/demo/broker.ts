/**
 * The demo's MQTT broker (aedes, MQTT 3.1.1), in the namespace of the server behind the hub.
 *
 * ```text
 * broker.ts --listen HOST:PORT
 * {"event":"listening"}
 * {"event":"message","atMs":…,"topic":…,"payload":"<base64>"}    what a client published
 * ```
 *
 * @module
 */
import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import { parseEndpoint, parseFlow, report, runFlow, stopOrder } from '../flows/command.ts';
import { monotonicMs } from '../libc.ts';

async function main(argv: readonly string[]): Promise<number> {
  const { host, port } = parseEndpoint(parseFlow(argv, { listen: '' }).listen);
  const stop = stopOrder(0);
  const broker = await Aedes.createBroker();
  broker.on('publish', ({ topic, payload }, client) => {
    // Without a client it is the broker's own word on who came and went.
    if (client === null) return;
    const base64 = Buffer.from(payload).toString('base64');
    report({ event: 'message', atMs: monotonicMs(), topic, payload: base64 });
  });
  const server = createServer(broker.handle);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  report({ event: 'listening' });
  await stop;
  return 0;
}

if (import.meta.main) await runFlow(main);
