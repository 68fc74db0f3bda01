/**
 * Goal: a device knows after every end what its metered link has spent: exactly after a stop in order, and after
 * kill -9 no less than what passed and no more than the share of a budget that a crash may cost.
 * Method: the real daemon and its files, with the kernel as witness of every byte.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { MeterWitness, spentOnFlash } from '../lab/meterWitness.ts';
import { eventually, type LabProcess } from '../lab/process.ts';
import { isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';

const BUDGET = 400_000;
/** Of a budget, what a crash may charge beyond what passed (docs/protocol.md, "Metered links"). */
const BLOCK = BUDGET / 16;

let net: Topology;
let site: Site;
let witness: MeterWitness;

beforeAll(async () => {
  net = await topology({ seed: 11 });
  site = new Site(net, {
    policy: `[links.ethernet]\ncost_class = "metered"\ndaily_bytes_max = ${BUDGET}\n`,
  });
  await site.hub();
  await site.device('gw');
  witness = await MeterWitness.start(net.namespaces.device, 'eth0');
}, 30_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

async function attached(): Promise<LabProcess> {
  const agent = site.agent('gw');
  await untilAudit(agent, 'ATTACHED', isAttached);
  return agent;
}

interface Row {
  readonly link: string;
  readonly is_binding: boolean;
  readonly day_bytes: number;
}

/** What the agent says of its binding, which is Ethernet. */
async function counted(): Promise<number> {
  const { links } = await site.status<{ links: Row[] }>('device', 'gw');
  const row = links.find(({ is_binding }) => is_binding)!;
  expect(row.link).toBe('eth0');
  return row.day_bytes;
}

/** More than two blocks, through the tunnel. */
async function spend(): Promise<void> {
  const argv = ['ping', '-c', '30', '-i', '0.02', '-W', '1', '-s', '1000', '10.79.0.2'];
  expect((await net.exec('device', argv)).stdout).toContain(' 0% packet loss');
}

/** Wait until the agent's count is `before` and what passed in its life. */
const untilAgreed = (before: number) =>
  eventually(
    'agent and kernel count the same',
    async () => (await counted()) === before + (await witness.bytes()),
    10_000,
  );

const onFlash = () => spentOnFlash(site.path('gw.state'), 'eth0')!.bytes;

test('kill -9, a restart, SIGTERM, and another one: never less than what passed, exact where it was asked to end', async () => {
  const first = await attached();
  await spend();
  await untilAgreed(0);
  await first.stop('SIGKILL');
  const passed = await witness.bytes();
  const afterKill = onFlash();
  expect(passed).toBeGreaterThan(2 * BLOCK);
  expect(afterKill).toBeGreaterThanOrEqual(passed);
  expect(afterKill).toBeLessThanOrEqual(passed + BLOCK);

  await witness.nextLife();
  const second = await attached();
  await untilAgreed(afterKill);
  await spend();
  await untilAgreed(afterKill);
  // The hub's last word would come while the process goes, when nothing is written any more.
  await net.oneWay('eth0', 'in', true);
  expect(await second.stop('SIGTERM')).toBe(0);
  const afterStop = onFlash();
  expect(afterStop).toBe(afterKill + (await witness.bytes()));
  await net.oneWay('eth0', 'in', false);

  await witness.nextLife();
  const third = await attached();
  await untilAgreed(afterStop);
  await third.stop('SIGTERM');
}, 50_000);
