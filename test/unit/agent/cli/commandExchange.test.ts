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
import { MadeUpBroker } from '../madeUpBroker.ts';

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
  ...{ document: Uint8Array.of(1, 2), correlation: new Uint8Array(16), expiresInS: 300, ...more },
});

test('a file of no use is named by its flag and its path', async () => {
  const caFile = import.meta.path;
  expect(await exchange(asked({ url: url.replace('mqtt:', 'mqtts:'), caFile }))).toEqual({
    ok: false,
    message: `--ca-file cannot be used: Invalid CA (${caFile})`,
  });
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

test('with MQTT 5 the broker keeps it until it expires, and no longer', async () => {
  const peer = await new MadeUpBroker().listen();
  const answer = await exchange(asked({ url: peer.url, timeoutMs: 1_000, expiresInS: 70_000 }));
  expect(answer).toEqual({ ok: false, message: 'no answer of the device within 1 s' });
  peer.close();
  const [body = []] = peer.published;
  const properties = body.slice(4 + TOPIC.length);
  expect(Buffer.from(properties).includes(Uint8Array.of(0x02, 0, 1, 0x11, 0x70))).toBe(true);
});

test('◆ a broker that says what it may not say is named, and what came with it is not looked at', async () => {
  for (const [bytes, what] of [
    [[0x20, 9, 0, 0, 6, 0x22, 0, 1, 0x22, 0, 1, 0x62, 2, 0, 1], 'a property twice'],
    [[0x20, 3, 0, 0, 0, 0x34, 6, 0, 1, 0x61, 0, 1, 0, 0x62, 2, 0, 1], 'a publish at QoS 2'],
    // 256 MB are announced, and nothing of them is waited for.
    [[0x20, 3, 0, 0, 0, 0x30, 0xff, 0xff, 0xff, 0x7f], 'a packet of more than 65536 bytes'],
  ] as const) {
    const lying = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.write(Uint8Array.from(bytes)));
    });
    await new Promise<void>((done) => lying.listen(0, '127.0.0.1', done));
    const address = lying.address();
    const port = typeof address === 'object' ? address?.port : 0;
    expect(await exchange(asked({ url: `mqtt://127.0.0.1:${port}` }))).toEqual({
      ...{ ok: false, message: `the broker says what it may not say: ${what}` },
    });
    lying.close();
  }
  // MQTT.js throws a turn later.
  await Bun.sleep(50);
});
