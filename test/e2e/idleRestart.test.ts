/**
 * Goal: a hub that is killed and started again while its device is idle on a metered link tells it so, and the session goes on
 * long before the device would have asked.
 *
 * Method: real daemons in the lab network, every link metered, a keepalive every 5 s and a question every 6 minutes; nothing
 * is sent through the tunnel until the session has its binding again.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { LabProcess } from '../lab/process.ts';
import { auditOf, isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';
import { expectSameSession } from './sameSession.ts';

const POLICY = `version = 1
name = "idle"
[liveness]
metered_keepalive_ms = 5_000
[links.ethernet]
preference = 10
cost_class = "metered"
[links.wifi]
preference = 20
cost_class = "metered"
`;
/** A keepalive, a question and its repeat, a death and a claim: 8 s; the rest is for a busy machine. */
const BACK_MS = 20_000;
/** Nothing of the attachment is under way any more, and the last question is older than a keepalive. */
const IDLE_MS = 12_000;

interface Status {
  readonly session_id: string;
  readonly state: string;
  readonly counters: Readonly<Record<string, number>>;
  readonly packets: { readonly refused: Readonly<Record<string, number>> };
}

let net: Topology;
let site: Site;
let agent: LabProcess;
let hub: LabProcess;

beforeAll(async () => {
  net = await topology({ seed: 26 });
  site = new Site(net, { policy: POLICY });
  hub = await site.hub();
  await site.device('gw1');
  agent = site.agent('gw1');
  await untilAudit(agent, 'ATTACHED', isAttached, 25_000);
}, 60_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

const status = () => site.status<Status>('device', 'gw1');
const told = async () => (await status()).packets.refused['unknown_channel'] ?? 0;

test('kill -9 of the hub while the device is idle: it is told, asks, and the session goes on', async () => {
  await Bun.sleep(IDLE_MS);
  const before = await status();
  expect([before.state, await told()]).toEqual(['ATTACHED', 0]);
  expect(await hub.stop('SIGKILL')).toBeGreaterThan(0);
  hub = await site.hub();
  const heard = await untilAudit(hub, 'the binding is heard again', isAttached, BACK_MS);
  expect(heard.session_id).toBe(before.session_id);
  expect(await told()).toBeGreaterThan(0);
  const { counters } = await site.status<Status>('hub', 'hub');
  expect(counters['unknown_channel_sent']).toBeGreaterThan(0);
  expect([...auditOf(agent), ...auditOf(hub)].filter(({ to }) => to === 'TERMINATED')).toEqual([]);
  await expectSameSession(net, [agent, hub], before.session_id);
}, 60_000);
