/**
 * Goal: a broker that keeps more than a slow line carries at once is heard to its end, by a push and by `jvpn fleet`; one that falls silent, or begins
 * again each time, is given up by a push.
 * Method: a made-up broker that watches the keepalive, behind a line that carries so many bytes a second: what is kept takes almost three keepalives.
 */
import { afterEach, expect, test } from 'bun:test';
import { BrokerLink } from '../../../fleet/brokerLink.ts';
import type { PushRun } from '../../../fleet/push/pushRun.ts';
import { eventually } from '../../lab/process.ts';
import { SlowLine } from '../../lab/slowLine.ts';
import { MadeUpBroker, type Manners } from '../agent/madeUpBroker.ts';
import { policyRun } from './policyRun.ts';

const DEVICES = 100;
const REPORT = new Uint8Array(500);
const BYTES_PER_S = 20_000;
const KEEPALIVE_S = 1;
const SILENCE_MAX_MS = 1_000;
const FILES = { passwordFile: null, caFile: null, certificateFile: null, keyFile: null };

const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function flooding(manners: Manners = {}) {
  const broker = await new MadeUpBroker({ watchesKeepalive: true, ...manners }).listen();
  const reports = Array.from(
    { length: DEVICES },
    (_, index) => [`jvpn/v1/acme/gw${index}/health`, REPORT] as const,
  );
  broker.retainedUnder.set('jvpn/v1/acme/+/health', new Map(reports));
  const line = await new SlowLine(Number(new URL(broker.url).port), BYTES_PER_S).listen();
  closers.push(() => {
    line[Symbol.dispose]();
    broker.close();
  });
  return { broker, line, url: `mqtt://127.0.0.1:${line.port}` };
}

function pushTo(url: string): PushRun {
  const run = policyRun(url, { silenceMaxMs: SILENCE_MAX_MS, keepaliveS: KEEPALIVE_S });
  closers.push(() => run.stop());
  return run;
}

test('◆ a push hears all of it, over one connection, and says how far it is', async () => {
  const { broker, url } = await flooding();
  const beganMs = performance.now();
  const told: number[] = [];
  await pushTo(url).ready((count) => told.push(count));
  expect(performance.now() - beganMs).toBeGreaterThan(2.5 * SILENCE_MAX_MS);
  expect([broker.connections, broker.thrownOut]).toEqual([1, 0]);
  expect(told).toHaveLength(1);
  expect(told[0]).toBeGreaterThan(0);
  expect(told[0]).toBeLessThan(DEVICES);
}, 20_000);

test('◆ a push gives up a line that stands, behind what came', async () => {
  const { line, url } = await flooding();
  const run = pushTo(url);
  const ready = run.ready().catch((error: Error) => error.message);
  await Bun.sleep(SILENCE_MAX_MS / 2);
  line.stand();
  const beganMs = performance.now();
  const nothing = /does not come to its end: nothing more for 1 s, behind [1-9][0-9]* messages$/;
  expect(await ready).toMatch(nothing);
  expect(performance.now() - beganMs).toBeLessThan(3 * SILENCE_MAX_MS);
}, 20_000);

test('◆ a push gives up a broker that begins again each time', async () => {
  const { broker, url } = await flooding({ hangsUpAfter: 1 });
  broker.retainedUnder.set(
    'jvpn/v1/acme/_fleet/policy/desired',
    new Map([['jvpn/v1/acme/gw0/health', REPORT]]),
  );
  const beganMs = performance.now();
  await expect(pushTo(url).ready()).rejects.toThrow(', behind 1 messages');
  expect(performance.now() - beganMs).toBeLessThan(5 * SILENCE_MAX_MS);
  expect(broker.connections).toBeGreaterThan(1);
}, 20_000);

test('◆ `jvpn fleet` hears all of it, over one connection', async () => {
  const { broker, url } = await flooding();
  let heard = 0;
  const downs: string[] = [];
  const link = new BrokerLink({
    address: {
      url,
      fleet: 'acme',
      clientId: 'a',
      username: null,
      ...FILES,
      keepaliveS: KEEPALIVE_S,
    },
    kept: { clientId: 'kept', expiryS: 0 },
    onMessage: () => heard++,
    onUp: () => {},
    onDown: (why) => downs.push(why),
  });
  closers.push(() => link.stop());
  await eventually('up, or down', () => link.isUp || downs.length > 0, 10_000);
  expect([heard, downs, broker.connections, broker.thrownOut]).toEqual([DEVICES, [], 1, 0]);
}, 20_000);
