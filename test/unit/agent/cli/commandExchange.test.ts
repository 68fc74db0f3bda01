/**
 * Goal: a command goes to the broker once, its answer is taken from its own topic, and what stands between is said in one line.
 *
 * Method: a broker that knows 3.1.1 alone, in this process, and a device that is the test's. MQTT 5 is in `test/e2e/commands.test.ts`.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createServer, type Server } from 'node:net';
import { Aedes } from 'aedes';
import { connectAsync } from 'mqtt';
import { exchange } from '../../../../agent/cli/commandExchange.ts';
import { freePort } from '../../../lab/mosquitto.ts';

const TOPIC = 'jvpn/v1/jvpn/gw1/cmd/rotate_keys/07';
let broker: Aedes;
let server: Server;
let url = '';

beforeAll(async () => {
  broker = await Aedes.createBroker();
  server = createServer(broker.handle);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  url = `mqtt://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});
afterAll(async () => {
  await new Promise<void>((done) => broker.close(() => done()));
  server.close();
});

const asked = (more: object = {}) => ({
  ...{ url, username: null, passwordFile: null, caFile: null, certificateFile: null },
  ...{ keyFile: null, commandTopic: TOPIC, answerTopic: `${TOPIC}/answer`, timeoutMs: 5_000 },
  ...{ document: Uint8Array.of(1, 2), correlation: new Uint8Array(16), ...more },
});

test('published once, and answered, over 3.1.1 where the broker knows no other', async () => {
  const device = await connectAsync(url, { protocolVersion: 4 });
  const heard: string[] = [];
  device.on('message', (topic, payload, { retain }) => {
    heard.push(`${payload.toString('hex')} ${retain}`);
    device.publish(`${topic}/answer`, 'done', { qos: 1 });
  });
  await device.subscribeAsync('jvpn/v1/jvpn/gw1/cmd/+/+', { qos: 1 });
  const answer = await exchange(asked());
  expect(answer).toEqual({ ok: true, answer: new TextEncoder().encode('done') });
  expect(heard).toEqual(['0102 false']);
  await device.endAsync(true);
});

test('a device that does not answer, a broker that is not there, an address that is none', async () => {
  expect(await exchange(asked({ timeoutMs: 300 }))).toEqual({
    ...{ ok: false, message: 'no answer of the device within 0.3 s' },
  });
  const gone = await exchange(asked({ url: `mqtt://127.0.0.1:${await freePort()}` }));
  expect(gone).toEqual({ ok: false, message: expect.stringMatching(/^[\x20-\x7e]+$/) });
  expect(await exchange(asked({ url: 'nonsense' }))).toMatchObject({ ok: false });
  const missing = await exchange(asked({ passwordFile: '/nonexistent' }));
  expect(missing).toEqual({ ok: false, message: expect.stringContaining('ENOENT') });
});
