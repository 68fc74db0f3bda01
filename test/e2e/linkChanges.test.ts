/**
 * Goal: what the system does to a link under a session, its name or its addresses, ends no session: it goes to another
 * link, or to the other family on the same one, and comes back.
 *
 * Method: the compiled binary in the lab network, with one address of the hub in each family; `ip` renames interfaces
 * that are up and takes addresses away.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { release } from 'node:os';
import { folderForTests } from '../folder.ts';
import { HUB, LINK_PLANS, type Segment } from '../lab/plan.ts';
import { eventually, type LabProcess } from '../lab/process.ts';
import { auditOf, HUB_ADDRESS, isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';
import { testUnless } from '../obstacle.ts';
import { buildBinary } from './binary.ts';
import { expectSameSession } from './sameSession.ts';

const HUB_ADDRESS6 = `[${HUB.v6}]:51820`;
const ETH0 = LINK_PLANS[0]!;

interface Status {
  readonly session_id: string;
  readonly binding: string;
  readonly links: readonly {
    readonly link: string;
    readonly endpoint: string;
    readonly why_not: string | null;
    readonly rtt_ms: number | null;
  }[];
}

const folder = folderForTests('jvpn-links-');
let net: Topology;
let site: Site;
let hub: LabProcess;
let agent: LabProcess;
let sessionId = '';

beforeAll(async () => {
  const binary = await buildBinary(folder);
  net = await topology({ seed: 33 });
  site = new Site(net, { binary, endpoint: [HUB_ADDRESS, HUB_ADDRESS6] });
  hub = await site.hub();
  await site.device('gw1');
  // Of two links it is clear which one comes next, whatever penalty the other has.
  await net.carrier('wwan0', 'down');
  agent = site.agent('gw1');
  await untilAudit(agent, 'ATTACHED', isAttached);
  const { session_id, binding } = await status();
  expect(binding).toBe(`eth0→${HUB_ADDRESS}`);
  sessionId = session_id;
}, 60_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const status = () => site.status<Status>('device', 'gw1');
const deviceIp = (lines: readonly string[]) => net.namespaces.device.ip(lines);

/**
 * Attached over a transport that begins with `binding` since `change`, and the session is the one it was at both ends.
 * What made it move is a fact of our own machine, `why`, and no timeout.
 */
async function movesTo(
  binding: string,
  why: 'carrier_lost' | 'address_lost' | 'route_lost',
  change: () => Promise<unknown>,
): Promise<void> {
  const seen = auditOf(agent).length;
  await change();
  await untilAudit(
    agent,
    `ATTACHED over ${binding}`,
    (line) => isAttached(line) && line.transport?.startsWith(binding) === true,
    15_000,
    seen,
  );
  expect(transitions(seen)[0]).toMatchObject({ to: 'RECOVERING', reason_code: why });
  const after = await status();
  expect(after.session_id).toBe(sessionId);
  expect(after.binding).toStartWith(binding);
  await expectSameSession(net, [agent, hub], sessionId);
}

const untilAnswers = (link: string, endpoint: string) =>
  eventually(
    `${link} answers from ${endpoint}`,
    async () =>
      (await status()).links.some(
        (row) => row.link === link && row.endpoint === endpoint && row.rtt_ms !== null,
      ),
    20_000,
  );

const transitions = (from: number) =>
  auditOf(agent)
    .slice(from)
    .filter(({ event }) => event === 'transition');

interface Family {
  readonly segment: Segment;
  readonly endpoint: string;
}

/** That of the binding, which a penalty from before may have led to either, and the other one. */
async function families(): Promise<{ readonly first: Family; readonly second: Family }> {
  const v4 = { segment: ETH0.v4, endpoint: HUB_ADDRESS };
  const v6 = { segment: ETH0.v6!, endpoint: HUB_ADDRESS6 };
  const isOn6 = (await status()).binding.endsWith(HUB_ADDRESS6);
  return isOn6 ? { first: v6, second: v4 } : { first: v4, second: v6 };
}

const takes = ({ segment }: Family) => [
  `addr del ${segment.deviceAddress}/${segment.lanBits} dev eth0`,
];

function gives({ segment }: Family): string[] {
  const { deviceAddress, lanBits, routerLanAddress } = segment;
  const flags = segment === ETH0.v6 ? ' nodad' : '';
  return [
    `addr add ${deviceAddress}/${lanBits} dev eth0${flags}`,
    `route replace default via ${routerLanAddress} dev eth0 metric ${ETH0.metric}`,
  ];
}

/** While it is up: nothing else of the interface changes, so all that tells is the name. */
const rename = (from: string, to: string) => deviceIp([`link set dev ${from} name ${to}`]);

/** Linux renames an interface that is up since 6.2. */
function renameObstacle(): string | null {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 2)
    ? null
    : `Linux ${release()} renames no interface that is up`;
}

test('a cable and the route of another link in one moment: each is noticed, though the cable is told first', async () => {
  await untilAnswers('eth0', HUB_ADDRESS6);
  const { metric, v4 } = ETH0;
  const route = `default via ${v4.routerLanAddress} dev eth0 metric ${metric}`;
  await movesTo('eth0→[', 'route_lost', async () => {
    agent.signal('SIGSTOP');
    await net.carrier('wlan0', 'down');
    await deviceIp([`route del ${route}`]);
    agent.signal('SIGCONT');
  });
  await deviceIp([`route add ${route}`]);
  await net.carrier('wlan0', 'up');
  await untilAnswers('wlan0', HUB_ADDRESS);
}, 30_000);

testUnless(
  renameObstacle(),
  'the binding is renamed while it is up: gone under that name, and used again when it has it back',
  async () => {
    await movesTo('wlan0→', 'carrier_lost', () => rename('eth0', 'lan9'));
    const rows = (await status()).links.filter(({ link }) => link === 'eth0');
    expect(rows.map(({ why_not }) => why_not)).toEqual(['carrier_lost', 'carrier_lost']);
    await rename('lan9', 'eth0');
    await untilAnswers('eth0', HUB_ADDRESS);
    await movesTo('eth0→', 'carrier_lost', () => net.carrier('wlan0', 'down'));
  },
  30_000,
);

test('on the only link: the family in use goes, and the session is on the other one; and back again', async () => {
  expect(ETH0.v6).not.toBeNull();
  await net.carrier('wlan0', 'down');
  const { first, second } = await families();
  await movesTo(`eth0→${second.endpoint}`, 'address_lost', () => deviceIp(takes(first)));
  const seen = auditOf(agent).length;
  await deviceIp(gives(first));
  await untilAnswers('eth0', first.endpoint);
  expect(transitions(seen)).toEqual([]);
  await movesTo(`eth0→${first.endpoint}`, 'address_lost', () => deviceIp(takes(second)));
}, 30_000);

test('the only link has one family alone, then the other one alone, and back: there is no moment with both', async () => {
  const { first, second } = await families();
  const row = async ({ endpoint }: Family) =>
    (await status()).links.find((each) => each.link === 'eth0' && each.endpoint === endpoint);
  for (const [from, to] of [
    [first, second],
    [second, first],
  ] as const) {
    expect((await row(to))?.why_not).toBe('address_lost');
    await movesTo(`eth0→${to.endpoint}`, 'address_lost', () =>
      deviceIp([...takes(from), ...gives(to)]),
    );
    expect((await row(from))?.why_not).toBe('address_lost');
  }
  expect(await agent.stop()).toBe(0);
}, 30_000);
