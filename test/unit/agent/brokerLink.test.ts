import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createServer, type Server, type Socket } from 'node:net';
import { BrokerLink } from '../../../agent/brokerLink.ts';
import { TELEMETRY_TIMES } from '../../../agent/telemetry.ts';
import { eventually } from '../../lab/process.ts';

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
    keepaliveMs: 60_000,
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
