import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createServer, type Server, type Socket } from 'node:net';
import { BrokerLink } from '../../../agent/brokerLink.ts';
import { BrokerWay, OUTSIDE_AFTER_MS } from '../../../agent/brokerWay.ts';
import { HEARD_PER_MINUTE_MAX } from '../../../agent/heardRate.ts';
import { TELEMETRY_TIMES } from '../../../agent/telemetry.ts';
import { eventually } from '../../lab/process.ts';
import { startFor } from '../../lab/reporting.ts';
import { MadeUpBroker } from './madeUpBroker.ts';

/** A broker that takes connections and never says a word: what a path without a way back looks like. */
let silent: Server;
const callers: Socket[] = [];
let url = '';

beforeAll(async () => {
  silent = createServer((socket) => {
    socket.on('error', () => {});
    callers.push(socket);
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  url = `mqtt://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});

afterAll(() => {
  for (const socket of callers) socket.destroy();
  silent.close();
});

/**
 * Goal: an agent that starts before its tunnel is up reaches the broker behind it soon, not when the first
 * attempt, made from an address that nobody there answers, has run out of patience (20 s).
 */
test('a connection under way when the network changes is given up for a new one, not every time', async () => {
  let now = 0;
  const link = new BrokerLink({
    address: {
      url,
      username: null,
      passwordFile: null,
      caFile: null,
      ...{ certificateFile: null, keyFile: null },
      clientId: 'early',
      format: 'cbor',
    },
    times: TELEMETRY_TIMES,
    presenceTopic: 'presence',
    boot: '00',
    nowMs: () => now,
    wallMs: () => now,
    random: () => 0,
    ...{ keepaliveMs: 60_000, sessionExpiryS: 300 },
    onUp: () => {},
    onDown: () => {},
  });
  link.tick(now);
  await eventually('the first attempt', () => callers.length === 1, 5_000);
  expect(link.nextDeadlineMs()).toBe(Number.POSITIVE_INFINITY);

  now = 500;
  link.tryEarly();
  expect(link.nextDeadlineMs()).toBe(5_000);
  now = 4_900;
  link.tryEarly();
  expect(link.nextDeadlineMs()).toBe(5_000);
  now = 5_000;
  link.tick(now);
  await eventually('the second attempt', () => callers.length === 2, 5_000);
  expect([link.connections, link.nextDeadlineMs()]).toEqual([2, Number.POSITIVE_INFINITY]);
  link.stop();
});

/** Goal: while no try is due there is nothing to do, whatever the time without a session. */
test('◆ a way that has become another one wakes nobody before the next try', async () => {
  let now = 0;
  let ended = 0;
  const { policy, config } = startFor({ url }, { outsideTunnel: 'session_down' });
  const way = new BrokerWay(policy, { tunnel: 'jvpn-none', links: config.links }, now);
  const link = new BrokerLink({
    address: {
      ...{ url: 'mqtt://127.0.0.1:9', username: null, passwordFile: null, caFile: null },
      ...{ certificateFile: null, keyFile: null, clientId: 'way', format: 'cbor' },
    },
    way,
    times: { ...TELEMETRY_TIMES, backoffFirstMs: 120_000, backoffMaxMs: 120_000 },
    presenceTopic: 'presence',
    boot: '00',
    nowMs: () => now,
    wallMs: () => now,
    random: () => 1,
    ...{ keepaliveMs: 60_000, sessionExpiryS: 300 },
    onUp: () => {},
    onDown: () => ended++,
  });
  link.tick(now);
  // No tunnel of this name is there to be bound to.
  await eventually('it fails', () => ended === 1, 5_000);
  const triesAtMs = link.nextDeadlineMs();
  expect(triesAtMs).toBeGreaterThan(OUTSIDE_AFTER_MS);
  now = OUTSIDE_AFTER_MS + 1;
  link.tick(now);
  expect([link.nextDeadlineMs(), link.connections]).toEqual([triesAtMs, 1]);
  link.stop();
});

const HEARD = 'jvpn/v1/a/b/policy/desired';

/** A link over which one topic is heard, at a time of the test's own. */
async function hearing(subackCode = 1) {
  const peer = await new MadeUpBroker().listen();
  peer.subackCode = subackCode;
  const clock = { nowMs: 0 };
  let heard = 0;
  const link = new BrokerLink({
    address: {
      ...{ url: peer.url, username: null, passwordFile: null, caFile: null },
      ...{ certificateFile: null, keyFile: null, clientId: 'hears', format: 'cbor' },
    },
    times: TELEMETRY_TIMES,
    presenceTopic: 'presence',
    hears: [{ topics: [HEARD], onMessage: () => void heard++ }],
    boot: '00',
    nowMs: () => clock.nowMs,
    wallMs: () => clock.nowMs,
    random: () => 1,
    ...{ keepaliveMs: 60_000, sessionExpiryS: 300 },
    onUp: () => {},
    onDown: () => {},
  });
  const connect = async () => {
    const before = peer.subscribed.length;
    link.tick(clock.nowMs);
    await eventually('subscribed', () => peer.subscribed.length > before, 5_000);
  };
  const stop = () => {
    link.stop();
    peer.close();
  };
  return { peer, clock, link, connect, stop, heard: () => heard };
}

/** Goal: who may write to the topic of documents can keep neither processor nor radio busy. */
test('◆ more messages a minute than there is a use for end the connection, each time for longer', async () => {
  const { peer, clock, link, connect, stop, heard } = await hearing();
  const publish = (count: number) =>
    peer.publish(
      HEARD,
      Array.from({ length: count }, () => Uint8Array.of(1)),
    );
  const waits: number[] = [];
  for (let flood = 1; flood <= 3; flood++) {
    await connect();
    // What comes in two minutes, as much as may come in each: a connection that was a good one.
    for (let minute = 0; minute < 2; minute++) {
      const before = heard();
      publish(HEARD_PER_MINUTE_MAX);
      await eventually('heard', () => heard() - before === HEARD_PER_MINUTE_MAX, 5_000);
      expect(link.up).not.toBeNull();
      clock.nowMs += 60_000;
    }
    const before = heard();
    publish(HEARD_PER_MINUTE_MAX + 3);
    await eventually('ended', () => link.failures === flood, 5_000);
    expect(heard() - before).toBe(HEARD_PER_MINUTE_MAX);
    waits.push(link.nextDeadlineMs() - clock.nowMs);
    clock.nowMs = link.nextDeadlineMs();
  }
  expect(link.lastError).toBe(`misbehaves: more than ${HEARD_PER_MINUTE_MAX} messages a minute`);
  expect(waits).toEqual([1_000, 2_000, 4_000]);
  stop();
});

test('◆ whatever answers nothing of ours counts with them, and no answer does', async () => {
  for (const unasked of [
    [0xd0, 0], // PINGRESP
    [0x40, 2, 0x70, 0], // PUBACK of what was never published
  ]) {
    const { peer, link, connect, stop } = await hearing();
    await connect();
    const before = peer.published.length;
    for (let turn = 0; turn < 2 * HEARD_PER_MINUTE_MAX; turn++) link.sayBirth();
    const isPublished = () => peer.published.length - before === 2 * HEARD_PER_MINUTE_MAX;
    await eventually('published', isPublished, 5_000);
    for (let turn = 0; turn < HEARD_PER_MINUTE_MAX; turn++) peer.say(...unasked);
    await Bun.sleep(50);
    expect([link.failures, link.up === null]).toEqual([0, false]);
    peer.say(...unasked);
    await eventually('ended', () => link.failures === 1, 5_000);
    expect(link.lastError).toBe(`misbehaves: more than ${HEARD_PER_MINUTE_MAX} messages a minute`);
    stop();
  }
});

test('a topic that a broker does not let us hear is named as what was refused', async () => {
  const { link, connect, stop } = await hearing(0x87);
  await connect();
  await eventually('named', () => link.lastError === `refused: ${HEARD}`, 5_000);
  expect([link.failures, link.up === null]).toEqual([0, false]);
  stop();
});

/** Goal: what the broker has kept follows its answer in the same piece, before anything was subscribed. */
test('what a session has kept is heard, however soon it comes', async () => {
  const { peer, clock, link, connect, stop, heard } = await hearing();
  await connect();
  expect([peer.isClean, heard()]).toEqual([true, 0]);
  link.abort('the line was cut');
  peer.kept = [1, 2, 3].map((byte) => ({ topic: HEARD, payload: Uint8Array.of(byte) }));
  clock.nowMs = link.nextDeadlineMs();
  await connect();
  await eventually('acknowledged', () => peer.acknowledged === 3, 5_000);
  expect([peer.isClean, heard()]).toEqual([false, 3]);
  stop();
});

test('◆ what ends the connection is not kept for the next one', async () => {
  const { peer, clock, link, connect, stop } = await hearing();
  await connect();
  link.abort('the line was cut');
  peer.kept = [{ topic: 'jvpn/v1/elsewhere', payload: Uint8Array.of(1) }];
  clock.nowMs = link.nextDeadlineMs();
  link.tick(clock.nowMs);
  await eventually('ended', () => link.lastError?.startsWith('misbehaves') === true, 5_000);
  clock.nowMs = link.nextDeadlineMs();
  await connect();
  expect([peer.isClean, link.up !== null]).toEqual([true, true]);
  stop();
});

test('a connection that another one is to follow is left with its will: that one may fail', async () => {
  const { peer, clock, link, connect, stop } = await hearing();
  await connect();
  link.wantKeepalive(2_700_000);
  clock.nowMs += TELEMETRY_TIMES.keepaliveSettleMs;
  link.tick(clock.nowMs);
  // Gone, and the next one is due.
  await eventually('left', () => link.nextDeadlineMs() === clock.nowMs, 5_000);
  await eventually('told', () => peer.goodbyes.length === 1, 5_000);
  expect(peer.goodbyes[0]?.[0]).toBe(4);
  await connect();
  expect([peer.isClean, link.up?.keepaliveMs]).toEqual([false, 2_700_000]);
  link.stop();
  await eventually('gone', () => peer.goodbyes.length === 2, 5_000);
  expect(peer.goodbyes[1]?.[0] ?? 0).toBe(0);
  stop();
});
