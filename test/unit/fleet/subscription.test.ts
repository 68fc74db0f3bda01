/** Goal: a file that is of no use, or a broker that hangs up, ends no fleet and leaves no connection open. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Subscription,
  type SubscriptionEnd,
  type SubscriptionOptions,
} from '../../../fleet/subscription.ts';
import { eventually } from '../../lab/process.ts';
import { MadeUpBroker } from '../agent/madeUpBroker.ts';

const WAIT_MS = 5_000;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'jvpn-subscription-'));
  writeFileSync(join(folder, 'text'), 'no PEM\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

function endOf(
  differing: Pick<SubscriptionOptions, 'url'> & Partial<SubscriptionOptions>,
): Promise<SubscriptionEnd> {
  const ended = Promise.withResolvers<SubscriptionEnd>();
  const options: SubscriptionOptions = {
    ...{ fleet: 'north', clientId: 'a', username: null, passwordFile: null },
    ...{ caFile: null, certificateFile: null, keyFile: null },
    level: 5,
    ...differing,
  };
  const nothing = () => {};
  new Subscription(options, { onUp: nothing, onMessage: nothing, onEnd: ended.resolve });
  return ended.promise;
}

/** What it has open, and how often it was asked. */
async function serverWith(onBytes: (socket: Socket, bytes: Uint8Array) => void) {
  const open = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    open.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes: Uint8Array) => onBytes(socket, bytes));
    socket.on('close', () => open.delete(socket));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    open,
    count: () => count,
    [Symbol.dispose]: () => {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}

for (const [files, named] of [
  [{ caFile: 'text' }, 'ca_file cannot be used'],
  [{ certificateFile: 'text', keyFile: 'text' }, 'certificate_file, key_file cannot be used'],
  [{ caFile: 'nowhere' }, 'nowhere'],
  [{ passwordFile: 'nowhere' }, 'nowhere'],
] as const) {
  test(`${Object.keys(files).join(', ')}: of no use is named, and nobody is asked`, async () => {
    using server = await serverWith(() => {});
    const paths = Object.fromEntries(
      Object.entries(files).map(([key, name]) => [key, join(folder, name)]),
    );
    for (const protocol of ['mqtts', 'wss']) {
      const end = await endOf({ url: `${protocol}://127.0.0.1:${server.port}`, ...paths });
      expect(end.code).toBe('fileUnreadable');
      expect(end.detail).toContain(named);
    }
    expect(server.count()).toBe(0);
  });
}

test('a broker that hangs up ends it, and nothing stays open', async () => {
  using server = await serverWith((socket) => socket.end());
  expect((await endOf({ url: `mqtt://127.0.0.1:${server.port}` })).code).toBe('hungUp');
  await eventually('closed', () => server.open.size === 0, WAIT_MS);
});

test('a broker that gives our name to another says so', async () => {
  // MQTT 5 §3.2 and §3.14: let in, and thrown out.
  const answer = Uint8Array.of(0x20, 3, 0, 0, 0, 0xe0, 2, 0x8e, 0);
  using server = await serverWith((socket) => void socket.end(answer));
  const end = await endOf({ url: `mqtt://127.0.0.1:${server.port}` });
  expect(end.code).toBe('takenOver');
});

/** MQTT 5 §3.2: let in. */
const LET_IN = [0x20, 3, 0, 0, 0];
const [CONNECT, SUBSCRIBE] = [0x10, 0x82];

test('a connection that is lost before the topics are granted is lost, not refused', async () => {
  using server = await serverWith((socket, bytes) => {
    if (bytes[0] === CONNECT) socket.write(Uint8Array.from(LET_IN));
  });
  const end = await endOf({ url: `mqtt://127.0.0.1:${server.port}`, keepaliveS: 1 });
  expect(end).toEqual({ code: 'lost', detail: 'Keepalive timeout' });
  await eventually('closed', () => server.open.size === 0, WAIT_MS);
});

test('so is one that is ended for an answer which is none: one code for four topics', async () => {
  using server = await serverWith((socket, bytes) => {
    if (bytes[0] === CONNECT) socket.write(Uint8Array.from(LET_IN));
    if (bytes[0] !== SUBSCRIBE) return;
    const at = bytes[1]! < 0x80 ? 2 : 3;
    socket.write(Uint8Array.of(0x90, 4, bytes[at]!, bytes[at + 1]!, 0, 0));
  });
  const end = await endOf({ url: `mqtt://127.0.0.1:${server.port}` });
  expect(end.code).toBe('lost');
  expect(end.detail).toContain('granted 1 reason code(s) for 4');
});

test('what a broker does not allow is refused, by its name', async () => {
  const broker = await new MadeUpBroker().listen();
  broker.subackCode = 0x87;
  const end = await endOf({ url: broker.url });
  broker.close();
  expect(end).toEqual({ code: 'refused', detail: `not allowed: ${broker.subscribed[0]}` });
});

test('an address that is none is not shown: there may be a password in it', async () => {
  const end = await endOf({ url: 'mqtt://user:hunter2@[::::]:x' });
  expect(end).toEqual({ code: 'unreachable', detail: 'the url is no address' });
});

test('what comes in one piece with what ends the connection is not looked at', async () => {
  const twice = [0x20, 9, 0, 0, 6, 0x22, 0, 1, 0x22, 0, 1];
  const release = [0x62, 2, 0, 1];
  using server = await serverWith((socket) => void socket.end(Uint8Array.of(...twice, ...release)));
  const end = await endOf({ url: `mqtt://127.0.0.1:${server.port}` });
  expect(end).toEqual({ code: 'lost', detail: 'a property twice' });
  // MQTT.js throws a turn later.
  await Bun.sleep(50);
});

test('◆ a number that its packet cuts off ends the connection: MQTT.js makes -1 of it, and throws', async () => {
  using server = await serverWith(
    (socket) => void socket.end(Uint8Array.of(0x20, 4, 0, 0, 1, 0x13)),
  );
  const end = await endOf({ url: `mqtt://127.0.0.1:${server.port}` });
  expect(end).toEqual({ code: 'lost', detail: 'a property that is cut off' });
});

test('◆ what comes at QoS 2 ends the connection, unread: it would be kept until a release that may never come', async () => {
  const answer = [0x20, 3, 0, 0, 0];
  const publish = [0x34, 6, 0, 1, 0x61, 0, 1, 0];
  using server = await serverWith(
    (socket) => void socket.write(Uint8Array.of(...answer, ...publish)),
  );
  const end = await endOf({ url: `mqtt://127.0.0.1:${server.port}` });
  expect(end).toEqual({ code: 'lost', detail: 'a publish at QoS 2' });
  await eventually('it is closed', () => server.open.size === 0, WAIT_MS);
});

test('◆ a broker that hears no goodbye gets nothing more taken', async () => {
  const broker = await new MadeUpBroker({ closes: false }).listen();
  let ups = 0;
  const subscription = new Subscription(
    {
      ...{ url: broker.url, fleet: 'north', clientId: 'a', username: null, passwordFile: null },
      ...{ caFile: null, certificateFile: null, keyFile: null, level: 4 },
    },
    { onUp: () => ups++, onMessage: () => {}, onEnd: () => {} },
  );
  await eventually('up', () => ups === 1, WAIT_MS);
  subscription.end({ code: 'closed', detail: '' });
  expect(await broker.flood(67_108_864)).toBeLessThan(33_554_432);
  broker.close();
}, 30_000);
