/**
 * Goal (I10): nothing that a broker says or a file holds can end the agent, not even through an exception in MQTT.js; and what it
 * publishes is heard in any number that topics may have retained, and never kept.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broker, type BrokerEnd, type BrokerOptions, type Heard } from '../../../agent/broker.ts';
import { DOCUMENT_BYTES_MAX } from '../../../policies/signed/envelope.ts';
import { freePort } from '../../lab/mosquitto.ts';
import { eventually } from '../../lab/process.ts';
import { MadeUpBroker, type Manners } from './madeUpBroker.ts';

const WAIT_MS = 5_000;
/** Of a key that is gone. What TLS takes for a pair does not depend on the day. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBbDCCAROgAwIBAgIUMfxEz5rwkVkQHlgzBik8565FDxgwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBYTAeFw0yNjExMjkyMDI5MjFaFw0yNjEyMDEyMDI5MjFaMAwx
CjAIBgNVBAMMAWEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAReUuWvR3E4ch9G
8OX1sf4StXHiIX+g0u0MA+YaaT8CFfPiW79twFTTyYjXOL+YDN3bAoIvZsiRcRjN
rEstcfUZo1MwUTAdBgNVHQ4EFgQUN7Tbj+LkK9VRZst+9pvVieg2a8MwHwYDVR0j
BBgwFoAUN7Tbj+LkK9VRZst+9pvVieg2a8MwDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNHADBEAiB/m3poh27xXjzmayitWTKBlX2+J5FRQydTyAbJaNUYKAIg
J5Z8gyHlXxqBDG07w8GPc8PRzGsfmlYIqQcxdJAfbVg=
-----END CERTIFICATE-----
`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'jvpn-broker-'));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  writeFileSync(file('certificate'), CERTIFICATE);
  writeFileSync(file('key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(file('text'), 'no PEM\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string) => join(folder, name);

/** CONNACK of MQTT 5 with these properties. */
const connack = (...properties: number[]) =>
  Uint8Array.of(0x20, 3 + properties.length, 0, 0, properties.length, ...properties);

/** The release of a message, and a message, that MQTT.js looks up in its stores. */
const PUBREL = [0x62, 2, 0, 1];
const QOS_2 = [0x34, 6, 0, 1, 0x61, 0, 1, 0];

const OPTIONS = {
  ...{ username: null, passwordFile: null, caFile: null, certificateFile: null, keyFile: null },
  ...({ format: 'cbor', clientId: 'a', level: 5 } as const),
  ...{ keepaliveMs: 60_000, connectMaxMs: 5_000 },
  will: { topic: 'jvpn/v1/a/b/presence', payload: new Uint8Array(1) },
};

async function endOf(
  differing: Pick<BrokerOptions, 'url'> & Partial<BrokerOptions>,
): Promise<{ end: BrokerEnd; ups: number }> {
  const ended = Promise.withResolvers<BrokerEnd>();
  let ups = 0;
  const onUp = () => {
    ups += 1;
  };
  new Broker({ ...OPTIONS, ...differing }, { onUp, onEnd: ended.resolve });
  return { end: await ended.promise, ups };
}

async function endAfter(answer: Uint8Array): Promise<{ end: BrokerEnd; ups: number }> {
  const server = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: { data: (socket) => void socket.end(answer) },
  });
  const outcome = await endOf({ url: `mqtt://127.0.0.1:${server.port}` });
  server.stop(true);
  return outcome;
}

test('a property that stands there twice is a broker that misbehaves', async () => {
  for (const twice of [
    [0x13, 0, 60, 0x13, 0, 60], // server keepalive: as a list it is no number
    [0x24, 1, 0x24, 1], // maximum QoS
    [0x22, 0, 1, 0x22, 0, 1], // topic alias maximum
  ]) {
    const { end, ups } = await endAfter(connack(...twice));
    expect([end, ups]).toEqual([{ code: 'misbehaves', detail: 'a property twice' }, 0]);
  }
});

test('◆ a number that its packet cuts off is a broker that misbehaves: MQTT.js makes -1 of it, and throws', async () => {
  // Server keepalive, receive maximum, topic alias maximum, maximum packet size.
  for (const type of [0x13, 0x21, 0x22, 0x27]) {
    const { end, ups } = await endAfter(connack(type));
    const detail = 'a property that is cut off';
    expect([end, ups]).toEqual([{ code: 'misbehaves', detail }, 0]);
  }
});

test('what comes in one piece with what ends the connection is not looked at', async () => {
  const twice = [...connack(0x22, 0, 1, 0x22, 0, 1)];
  for (const behind of [PUBREL, QOS_2, [...QOS_2, ...PUBREL]]) {
    const { end } = await endAfter(Uint8Array.of(...twice, ...behind));
    expect(end).toEqual({ code: 'misbehaves', detail: 'a property twice' });
    const { end: first } = await endAfter(Uint8Array.of(...connack(), ...QOS_2, ...behind));
    expect(first).toEqual({ code: 'misbehaves', detail: 'nothing is subscribed' });
  }
  // MQTT.js throws a turn later.
  await Bun.sleep(50);
});

test('properties that stand there once, and user properties, are taken', async () => {
  const user = [0x26, 0, 1, 0x61, 0, 1, 0x62];
  const { end, ups } = await endAfter(connack(0x13, 0, 60, ...user, ...user, 0x24, 1));
  expect([end.code, ups]).toEqual(['lost', 1]);
});

test('a keepalive that would have us ping all the time ends it; one that only a policy may have is taken', async () => {
  for (const seconds of [1, 4]) {
    const { end, ups } = await endAfter(connack(0x13, 0, seconds));
    expect([end, ups]).toEqual([{ code: 'misbehaves', detail: `a keepalive of ${seconds} s` }, 0]);
  }
  for (const [properties, inForceS] of [
    [[0x13, 0, 5], 5],
    [[0x13, 0xff, 0xff], 65_535],
    // None at the broker.
    [[0x13, 0, 0], 60],
    [[], 60],
  ] as const) {
    const { broker, stop } = await connected(...properties);
    expect([broker.keepaliveS, broker.keepaliveMs]).toEqual([inForceS, 60_000]);
    stop();
    expect(broker.keepaliveS).toBeNull();
  }
});

test('a packet that cannot be read ends it', async () => {
  // PUBACK with flags that it has not (MQTT 5 §2.1.3).
  const unreadable = [0x41, 2, 0, 1];
  const { end, ups } = await endAfter(Uint8Array.of(...connack(), ...unreadable));
  expect([end.code, end.detail, ups]).toEqual(['misbehaves', expect.stringContaining('flag'), 0]);
  const { peer, ends, stop } = await hearing(5);
  peer.say(...unreadable);
  await eventually('ended', () => ends.length === 1, WAIT_MS);
  expect(ends).toEqual([end]);
  stop();
});

const HEARD = 'jvpn/v1/a/b/policy/desired';

/** A broker of this level on which the one topic is heard; `ends` has how the connection ended, if it did. */
async function hearing(level: BrokerOptions['level'], subackCode = 1, manners: Manners = {}) {
  const peer = await new MadeUpBroker(manners).listen();
  peer.subackCode = subackCode;
  const heard: [number, boolean][] = [];
  const ends: BrokerEnd[] = [];
  let deaf = 0;
  const onMessage = ({ payload, isRetained }: Heard) =>
    void heard.push([payload.length, isRetained]);
  const broker = new Broker(
    { ...OPTIONS, url: peer.url, level, hears: [{ topics: [HEARD], onMessage }] },
    { onUp: () => {}, onDeaf: () => deaf++, onEnd: (end) => ends.push(end) },
  );
  const stop = () => {
    broker.end({ code: 'closed', detail: '' });
    peer.close();
  };
  await eventually('subscribed', () => peer.subscribed.length === 1, WAIT_MS);
  return { broker, peer, heard, ends, stop, deaf: () => deaf };
}

const LEVELS = [5, 4] as const;

test('as many documents as may be retained, each as long as any, are heard in one piece, and acknowledged', async () => {
  for (const level of LEVELS) {
    const { peer, heard, ends, stop } = await hearing(level);
    expect(peer.subscribed).toEqual([HEARD]);
    const documents = Array.from({ length: 12 }, () => new Uint8Array(DOCUMENT_BYTES_MAX));
    peer.publish(HEARD, documents, { isRetained: true });
    await eventually('acknowledged', () => peer.acknowledged === 12, WAIT_MS);
    expect(heard).toEqual(documents.map(({ length }) => [length, true]));
    expect(ends).toEqual([]);
    stop();
  }
});

test('◆ what comes at QoS 2 ends the connection, unread: it would be kept until a release that may never come', async () => {
  for (const level of LEVELS) {
    const { peer, heard, ends, stop } = await hearing(level);
    peer.publish(HEARD, [new Uint8Array(60_000)], { qos: 2 });
    await eventually('ended', () => ends.length === 1, WAIT_MS);
    expect([heard, ends]).toEqual([[], [{ code: 'misbehaves', detail: 'a publish at QoS 2' }]]);
    stop();
  }
});

test('a broker that lets nothing be heard is named, and the connection lives on', async () => {
  for (const [level, refusal] of [
    [5, 0x87],
    [4, 0x80],
  ] as const) {
    const { deaf, ends, stop } = await hearing(level, refusal);
    await eventually('told', () => deaf() === 1, WAIT_MS);
    expect(ends).toEqual([]);
    stop();
    const well = await hearing(level);
    well.peer.publish(HEARD, [Uint8Array.of(1)]);
    await eventually('heard', () => well.heard.length === 1, WAIT_MS);
    expect(well.deaf()).toBe(0);
    well.stop();
  }
});

const CLOSED = { code: 'closed', detail: '' } as const;
const MEBIBYTE = 1_048_576;
/** What the kernels of both ends hold is in it. */
const TAKEN_MAX = 32 * MEBIBYTE;

for (const [what, manners] of [
  ['closes nothing', { closes: false }],
  ['acknowledges nothing', { closes: false, acknowledges: false }],
] as const) {
  for (const way of ['close', 'change'] as const) {
    test(`◆ ${way}: a broker that ${what} is cut, and what it streams is not gathered`, async () => {
      const { broker, peer, ends, stop } = await hearing(5, 1, manners);
      broker.publish({ topic: 'a', payload: new Uint8Array(1) }, () => {});
      await eventually('published', () => peer.published.length === 1, WAIT_MS);
      broker[way]();
      await eventually('ended', () => ends.length === 1, WAIT_MS);
      expect(ends).toEqual([CLOSED]);
      expect(await peer.flood(2 * TAKEN_MAX)).toBeLessThan(TAKEN_MAX);
      stop();
    }, 30_000);

    test(`◆ ${way}: a broker that ${what} may say nothing long meanwhile either`, async () => {
      const { broker, peer, ends, stop } = await hearing(5, 1, manners);
      broker.publish({ topic: 'a', payload: new Uint8Array(1) }, () => {});
      await eventually('published', () => peer.published.length === 1, WAIT_MS);
      broker[way]();
      expect(ends).toEqual([]);
      expect(await peer.flood(2 * TAKEN_MAX)).toBeLessThan(TAKEN_MAX);
      const detail = 'a packet of more than 65536 bytes';
      expect(ends).toEqual([{ code: 'misbehaves', detail }]);
      stop();
    }, 30_000);
  }
}

test('a broker is told how much it may have under way', async () => {
  const { peer, stop } = await hearing(5);
  // MQTT 5 §3.1.2.11.3, and of a packet §3.1.2.11.4.
  const properties = peer.connectProperties.join(' ');
  expect(properties).toContain([0x21, 0, 8].join(' '));
  expect(properties).toContain([0x27, 0, 1, 0, 0].join(' '));
  stop();
});

/** A connection to a broker that says `properties` and acknowledges what it is told to. */
async function connected(...properties: number[]) {
  const got: Buffer[] = [];
  let socket: Bun.Socket | null = null;
  const server = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      data: (from, bytes) => {
        if (socket === null) from.write(connack(...properties));
        else got.push(Buffer.from(bytes));
        socket = from;
      },
    },
  });
  const up = Promise.withResolvers<void>();
  const url = `mqtt://127.0.0.1:${server.port}`;
  const broker = new Broker({ ...OPTIONS, url }, { onUp: up.resolve, onEnd: () => {} });
  await up.promise;
  const all = () => Buffer.concat(got);
  return {
    broker,
    /** How often it came. */
    count: (text: string) => all().toString('latin1').split(text).length - 1,
    /** Of the packet with this topic: before a byte of length and two of the topic's. */
    firstByte: (topic: string) => all()[all().indexOf(topic) - 4],
    acknowledge: (topic: string) => {
      // The packet's number follows its topic.
      const at = all().indexOf(topic) + topic.length;
      socket?.write(Uint8Array.of(0x40, 2, all()[at]!, all()[at + 1]!));
    },
    stop: () => {
      broker.end({ code: 'closed', detail: '' });
      server.stop(true);
    },
  };
}

test('no more is under way than the broker takes at once (receive maximum), in order', async () => {
  const { broker, count, acknowledge, stop } = await connected(0x21, 0, 2);
  const outcomes: string[] = [];
  const publish = (topic: string) =>
    broker.publish({ topic, payload: new Uint8Array(1) }, (outcome) => {
      outcomes.push(`${topic} ${outcome}`);
      // What is published because of it comes behind those that wait.
      if (topic === 't-one') publish('t-five');
    });
  for (const topic of ['t-one', 't-two', 't-three', 't-four']) publish(topic);
  await eventually('two', () => count('t-two') === 1, WAIT_MS);
  await Bun.sleep(50);
  expect([count('t-three'), outcomes]).toEqual([0, []]);
  acknowledge('t-one');
  await eventually('the third', () => count('t-three') === 1, WAIT_MS);
  await Bun.sleep(50);
  expect([count('t-four'), count('t-five'), outcomes]).toEqual([0, 0, ['t-one delivered']]);
  acknowledge('t-two');
  await eventually('the fourth', () => count('t-four') === 1, WAIT_MS);
  acknowledge('t-three');
  await eventually('the fifth', () => count('t-five') === 1, WAIT_MS);
  stop();
});

test('topics are numbers from the second time on, as many as the broker knows and we have', async () => {
  for (const [offered, names] of [
    [[0x22, 0xff, 0xff], 1],
    [[], 3],
  ] as const) {
    const { broker, count, stop } = await connected(...offered);
    for (let turn = 0; turn < 3; turn += 1) {
      const payload = new TextEncoder().encode('payload');
      broker.publish({ topic: 'one-topic', payload }, () => {});
    }
    await eventually('three', () => count('payload') === 3, WAIT_MS);
    expect(count('one-topic')).toBe(names);
    stop();
  }
});

test('an event has its expiry and is not retained, a report is retained for good', async () => {
  const { broker, count, firstByte, stop } = await connected();
  const payload = new Uint8Array(1);
  broker.publish({ topic: 'a-report', payload }, () => {});
  const beside = { expiryS: 0x01020304, userProperties: { reason_code: 'failback' } };
  broker.publish({ topic: 'an-event', payload, isRetained: false, ...beside }, () => {});
  await eventually('both', () => count('an-event') === 1, WAIT_MS);
  expect([count('\x02\x01\x02\x03\x04'), count('failback')]).toEqual([1, 1]);
  // The first byte of PUBLISH at QoS 1 (MQTT 5 §3.3.1): retained, and not.
  expect([firstByte('a-report'), firstByte('an-event')]).toEqual([0x33, 0x32]);
  stop();
});

/** Resolves when whoever came to this port before has been accepted, or refused. */
function behindOthers(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1', () => socket.write(BYE));
  socket.on('error', () => {});
  return new Promise((done) => socket.once('close', () => done()));
}
const BYE = 'bye';

for (const [holds, files, named] of [
  ['no certificates', { caFile: 'text' }, 'ca_file'],
  ['no certificate', { certificateFile: 'text', keyFile: 'key' }, 'certificate_file'],
  ['no key', { certificateFile: 'certificate', keyFile: 'text' }, 'key_file'],
  ["another certificate's key", { certificateFile: 'certificate', keyFile: 'key' }, 'key_file'],
] as const) {
  for (const protocol of ['mqtts', 'wss']) {
    test(`${protocol}: a file that holds ${holds} is named, and no connection stays open`, async () => {
      const strayed: unknown[] = [];
      const stray = (error: unknown) => void strayed.push(error);
      process.on('uncaughtException', stray);
      const open = new Set<Socket>();
      const server = createServer((socket) => {
        open.add(socket);
        socket.on('error', () => {});
        socket.on('data', (bytes) => bytes.toString() === BYE && socket.end());
        socket.on('close', () => open.delete(socket));
      });
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      const address = server.address();
      const listening = typeof address === 'object' && address !== null ? address.port : 0;
      const paths = Object.fromEntries(
        Object.entries(files).map(([key, name]) => [key, file(name)]),
      );
      try {
        for (const port of [listening, await freePort()]) {
          const { end, ups } = await endOf({ url: `${protocol}://127.0.0.1:${port}`, ...paths });
          expect([end.code, ups]).toEqual(['fileUnreadable', 0]);
          expect(end.detail).toContain(named);
          await behindOthers(port);
          await eventually('closed', () => open.size === 0, WAIT_MS);
        }
      } finally {
        process.off('uncaughtException', stray);
        for (const socket of open) socket.destroy();
        server.close();
      }
      expect(strayed).toEqual([]);
    }, 30_000);
  }
}
