/**
 * Goal: interfaces and addresses that are deleted under running daemons, and made again, end no session and no daemon.
 *
 * Method: real daemons in the lab network. The link in use is a veth pair that is deleted at the device, with everything
 * on it, and made again under the same name; then the hub, which listens on one address alone, loses that address or the
 * interface it is reached by.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { HUB, LINK_PLANS, macOf } from '../lab/plan.ts';
import { eventually, type LabProcess } from '../lab/process.ts';
import { auditOf, HUB_ADDRESS, isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';
import { expectSameSession } from './sameSession.ts';

const ETH0 = LINK_PLANS[0]!;
const WLAN0 = LINK_PLANS[1]!;
const { deviceAddress, routerLanAddress, lanBits } = ETH0.v4;

interface Status {
  readonly state: string;
  readonly session_id: string;
  readonly binding: string | null;
  readonly links: readonly {
    readonly link: string;
    readonly why_not: string | null;
    readonly rtt_ms: number | null;
  }[];
}

let net: Topology;
let site: Site;
let hub: LabProcess;
let agent: LabProcess;
let sessionId = '';

beforeAll(async () => {
  net = await topology({ seed: 34 });
  await net.carrier('wwan0', 'down');
  // Deleting a tap would end the emulator: what is deleted is a veth pair in its place.
  await net.namespaces.device.ip(['link set eth0 down', 'link set eth0 name spare0']);
  await net.namespaces['router-eth0'].ip(['addr flush dev lan', 'link set lan down']);
  await makeEth0();
  site = new Site(net, { listen: [HUB.v4] });
  hub = await site.hub();
  await site.device('gw1');
  agent = site.agent('gw1');
  await untilAudit(agent, 'ATTACHED', isAttached);
  const { session_id, binding } = await status();
  expect(binding).toBe(`eth0→${HUB_ADDRESS}`);
  sessionId = session_id;
  await untilAnswers('wlan0');
}, 30_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

const status = () => site.status<Status>('device', 'gw1');
const rowOf = async (link: string) => (await status()).links.find((row) => row.link === link);

const untilAnswers = (link: string) =>
  eventually(
    `${link} answers`,
    async () => typeof (await rowOf(link))?.rtt_ms === 'number',
    20_000,
  );

async function makeEth0(): Promise<void> {
  const { device, 'router-eth0': router } = net.namespaces;
  await device.ip([
    `link add eth0 address ${macOf('eth0', 1)} type veth peer name lan9 netns ${router.name}`,
    'link set eth0 up',
    `addr add ${deviceAddress}/${lanBits} dev eth0`,
  ]);
  await router.ip(['link set lan9 up', `addr add ${routerLanAddress}/${lanBits} dev lan9`]);
  await device.ip([`route add default via ${routerLanAddress} dev eth0 metric ${ETH0.metric}`]);
}

const transitions = (from: number) =>
  auditOf(agent)
    .slice(from)
    .filter(({ event }) => event === 'transition');

/** `change` moves the session to `link`, and the first that is said of it is a death for `why`. */
async function movesTo(link: string, why: string, change: () => Promise<unknown>): Promise<void> {
  const seen = auditOf(agent).length;
  await change();
  await untilAudit(
    agent,
    `ATTACHED on ${link}`,
    (line) => isAttached(line) && line.transport?.startsWith(`${link}→`) === true,
    15_000,
    seen,
  );
  expect(transitions(seen)[0]).toMatchObject({ to: 'RECOVERING', reason_code: why });
  await expectSameSession(net, [agent, hub], sessionId);
  expect([agent.hasEnded, hub.hasEnded]).toEqual([false, false]);
}

test('the interface in use is deleted: a fact at once, and the session goes on over the other link', async () => {
  await movesTo('wlan0', 'carrier_lost', () => net.namespaces.device.ip(['link del eth0']));
  expect(await rowOf('eth0')).toMatchObject({ why_not: 'carrier_lost' });
}, 30_000);

test('it is made again, another interface of that name: used again when the other link is lost', async () => {
  const seen = auditOf(agent).length;
  await makeEth0();
  await untilAnswers('eth0');
  expect(transitions(seen)).toEqual([]);
  await movesTo('eth0', 'carrier_lost', () => net.carrier('wlan0', 'down'));
}, 30_000);

/** What the kernel takes away with the address: the routes that name it as their source. */
const hubRoutes = [ETH0, WLAN0].flatMap(({ hubInterface, v4 }) => [
  `route replace ${v4.wanPrefix}/${v4.wanBits} dev ${hubInterface} src ${HUB.v4}`,
  `route replace ${v4.lanPrefix}/${v4.lanBits} via ${v4.routerWanAddress} src ${HUB.v4}`,
]);

test('the address that the hub listens on goes and returns: the same session, without a word to either daemon', async () => {
  const seen = auditOf(agent).length;
  await net.namespaces.hub.ip([`addr del ${HUB.v4}/32 dev lo`]);
  const lost = await untilAudit(agent, 'the death', ({ to }) => to === 'RECOVERING', 15_000, seen);
  expect(lost.reason_code).toBe('heartbeat_timeout');
  await net.namespaces.hub.ip([`addr add ${HUB.v4}/32 dev lo`, ...hubRoutes]);
  await untilAudit(agent, 'ATTACHED again', isAttached, 15_000, seen);
  expect((await status()).binding).toBe(`eth0→${HUB_ADDRESS}`);
  await expectSameSession(net, [agent, hub], sessionId);
  expect([agent.hasEnded, hub.hasEnded]).toEqual([false, false]);
}, 30_000);

test('the interface that the hub is reached by is deleted: a silence, and the session goes on over the other way', async () => {
  await net.carrier('wlan0', 'up');
  await untilAnswers('wlan0');
  await movesTo('wlan0', 'heartbeat_timeout', () =>
    net.namespaces.hub.ip([`link del ${ETH0.hubInterface}`]),
  );
  expect(await agent.stop()).toBe(0);
  expect(await hub.stop()).toBe(0);
}, 30_000);
