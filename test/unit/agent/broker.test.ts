/** Goal (I10): nothing that a broker says can end the agent, not even through an exception in MQTT.js. */
import { expect, test } from 'bun:test';
import { Broker, type BrokerEnd } from '../../../agent/broker.ts';

/** CONNACK of MQTT 5 with these properties. */
const connack = (...properties: number[]) =>
  Uint8Array.of(0x20, 3 + properties.length, 0, 0, properties.length, ...properties);

async function endAfter(answer: Uint8Array): Promise<{ end: BrokerEnd; ups: number }> {
  const server = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: { data: (socket) => void socket.end(answer) },
  });
  const ended = Promise.withResolvers<BrokerEnd>();
  let ups = 0;
  const will = { topic: 'jvpn/v1/a/b/presence', payload: new Uint8Array(1) };
  const options = {
    username: null,
    passwordFile: null,
    ...{ certificateFile: null, keyFile: null },
    format: 'cbor',
    caFile: null,
    clientId: 'a',
    will,
  } as const;
  const times = { keepaliveMs: 60_000, connectMaxMs: 5_000 };
  const onUp = () => {
    ups += 1;
  };
  const url = `mqtt://127.0.0.1:${server.port}`;
  new Broker({ ...options, ...times, url, level: 5 }, { onUp, onEnd: ended.resolve });
  const end = await ended.promise;
  server.stop(true);
  return { end, ups };
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

test('properties that stand there once, and user properties, are taken', async () => {
  const user = [0x26, 0, 1, 0x61, 0, 1, 0x62];
  const { end, ups } = await endAfter(connack(0x13, 0, 60, ...user, ...user, 0x24, 1));
  expect([end.code, ups]).toEqual(['lost', 1]);
});
