/**
 * Goal: a broker that says what it may not ends a push's connection, and neither its process nor its memory.
 */
import { afterEach, expect, test } from 'bun:test';
import { createServer, type Server, type Socket } from 'node:net';
import { PushLink } from '../../../fleet/push/pushLink.ts';
import { eventually } from '../../lab/process.ts';
import { MadeUpBroker } from '../agent/madeUpBroker.ts';

const TOPIC = 'jvpn/v1/a/+/health';
const HEARD = 'jvpn/v1/a/b/health';
const WAIT_MS = 5_000;
/** PUBREL (MQTT 5 §3.6) of a packet that may have been heard. */
const RELEASE = [0x62, 2, 0, 1];
/** CONNACK with a topic alias maximum that stands there twice. */
const LISTED = [0x20, 9, 0, 0, 6, 0x22, 0, 1, 0x22, 0, 1];

const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function linkTo(url: string) {
  const downs: string[] = [];
  let [ups, heard] = [0, 0];
  const files = { passwordFile: null, caFile: null, certificateFile: null, keyFile: null };
  const link = new PushLink({
    address: { url, username: null, clientId: 'p', ...files },
    topics: [TOPIC],
    onMessage: () => heard++,
    onUp: () => ups++,
    onDown: (why) => downs.push(why),
    onRefused: () => {},
  });
  closers.push(() => link.stop());
  return { link, downs, ups: () => ups, heard: () => heard };
}

/** A server that answers bytes with bytes, or not at all. */
async function serverThat(answer: (bytes: Uint8Array, socket: Socket) => void): Promise<string> {
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes: Uint8Array) => answer(bytes, socket));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closers.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const address = server.address();
  return `mqtt://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

test('◆ what comes at QoS 2 ends the connection, unread, and the next one is tried', async () => {
  const broker = await new MadeUpBroker().listen();
  closers.push(() => broker.close());
  const link = linkTo(broker.url);
  await eventually('up', () => link.ups() === 1, WAIT_MS);
  broker.publish(HEARD, [new Uint8Array(10)]);
  await eventually('heard', () => link.heard() === 1, WAIT_MS);
  broker.publish(HEARD, [new Uint8Array(60_000), new Uint8Array(60_000)], { qos: 2 });
  await eventually('down', () => link.downs.length === 1, WAIT_MS);
  expect([link.downs, link.heard()]).toEqual([['a publish at QoS 2'], 1]);
  await eventually('up again', () => link.ups() === 2, WAIT_MS);
});

test('◆ a broker that hears no goodbye holds nobody up, and gets nothing more taken', async () => {
  for (const manners of [{ closes: false }, { closes: false, acknowledges: false }]) {
    const broker = await new MadeUpBroker(manners).listen();
    closers.push(() => broker.close());
    const { link, ups } = linkTo(broker.url);
    await eventually('up', () => ups() === 1, WAIT_MS);
    link.publish('a', new Uint8Array(1), null);
    await eventually('published', () => broker.published.length === 1, WAIT_MS);
    const beganMs = performance.now();
    await link.stop();
    expect(performance.now() - beganMs).toBeLessThan(WAIT_MS);
    expect(await broker.flood(67_108_864)).toBeLessThan(33_554_432);
  }
}, 30_000);

test('a broker that grants all and hangs up is asked with growing waits', async () => {
  const broker = await new MadeUpBroker({ hangsUpAfter: 2 }).listen();
  closers.push(() => broker.close());
  const link = linkTo(broker.url);
  const beganMs = performance.now();
  await eventually('up four times', () => link.ups() === 4, 20_000);
  // Half of each wait at least: 0.25, 0.5 and 1 s.
  expect(performance.now() - beganMs).toBeGreaterThan(1_700);
}, 30_000);

test('a broker of MQTT 5 is told how many may be under way', async () => {
  const broker = await new MadeUpBroker().listen();
  closers.push(() => broker.close());
  const link = linkTo(broker.url);
  await eventually('up', () => link.ups() === 1, WAIT_MS);
  const properties = Buffer.from(broker.connectProperties);
  expect(properties.includes(Buffer.from([0x21, 1, 0]))).toBeTrue();
});

test('◆ what comes in one piece with what ends the connection is not looked at', async () => {
  const publish = [0x34, 2 + TOPIC.length + 3, 0, TOPIC.length, ...Buffer.from(TOPIC), 0, 1, 0];
  const pieces = [
    [...LISTED, ...RELEASE],
    [...LISTED, ...publish],
    [0x20, 3, 0, 0, 0, ...publish, ...RELEASE],
  ];
  for (const piece of pieces) {
    const url = await serverThat((_, socket) => socket.write(Uint8Array.from(piece)));
    const link = linkTo(url);
    await eventually('down', () => link.downs.length === 1, WAIT_MS);
    const isListed = piece[1] === LISTED[1];
    expect(link.downs).toEqual([isListed ? 'a property twice' : 'a publish at QoS 2']);
  }
});

test('a packet without end ends the connection, in 3.1.1 too', async () => {
  const mebibyte = new Uint8Array(1_048_576);
  let sentBytes = 0;
  const url = await serverThat((bytes, socket) => {
    // The level, behind "MQTT".
    if (bytes[8] !== 4) return void socket.end(Uint8Array.of(0x20, 3, 0, 0x84, 0));
    socket.write(Uint8Array.of(0x20, 2, 0, 0, 0x30, 0xff, 0xff, 0xff, 0x7f));
    const more = () => {
      if (socket.destroyed || sentBytes >= 64 * mebibyte.length) return;
      sentBytes += mebibyte.length;
      socket.write(mebibyte, more);
    };
    more();
  });
  const link = linkTo(url);
  await eventually('down', () => link.downs.length >= 2, WAIT_MS);
  expect(link.downs[1]).toBe('a packet of more than 4194304 bytes');
  expect(sentBytes).toBeLessThan(32 * mebibyte.length);
});
