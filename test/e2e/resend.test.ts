/**
 * Goal: a flow that fits into the buffers loses nothing and gets nothing twice, whichever way its link goes.
 *
 * Method: real daemons in the lab network, with a numbered flow of 500 datagrams a second each way; the cable is pulled,
 * a link falls silent, one direction of it dies, a NAT forgets. What the daemons say they sent again is compared with that.
 * Before that the agent is stopped and goes on (SIGSTOP), which is no suspend of a machine: `test/sim/process/deviceSleeps.test.ts`.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import type { UdpFlow } from '../lab/demo/flow.ts';
import { monotonicMs } from '../lab/libc.ts';
import type { LinkName } from '../lab/plan.ts';
import { eventually, type LabProcess } from '../lab/process.ts';
import { type AuditLine, auditOf, isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';
import { startFlowPair, stopFlows, untilArrived } from './flowPair.ts';

const RATE = 500;
const UP_PORT = 7_002;
const DOWN_PORT = 7_003;
/** Datagrams that come over the new state of affairs before the next one is made: half a second of them. */
const SETTLED = RATE / 2;
/** So few that three seconds of them wait in a tun, which takes 500, and in the buffer of a socket. */
const CALM_RATE = 100;
const STILL_MS = 3_000;
/** From going on to a datagram that was sent since, behind all that waited. A busy machine has its share of it. */
const BACK_MS = 1_000;
const TEST_MS = 60_000;

interface Resent {
  readonly datagrams: number;
  readonly bytes: number;
  readonly tooOld: number;
  readonly gone: number;
  readonly overPace: number;
  readonly duplicates: number;
}

interface Status {
  readonly inner4: string;
  readonly session_id: string;
  readonly binding: string;
  readonly links: readonly {
    readonly link: string;
    readonly usable: boolean;
    readonly flaps: number;
  }[];
  readonly packets: { readonly resend: Resent; readonly refused: Readonly<Record<string, number>> };
}

interface HubStatus {
  readonly resend: Resent;
  readonly counters: Readonly<Record<string, number>>;
}

let net: Topology;
let site: Site;
let hub: LabProcess;
let agent: LabProcess;
let flows: UdpFlow[] = [];

beforeAll(async () => {
  const delayed = { delayMs: 10 };
  net = await topology({ seed: 16, impair: { eth0: delayed, wlan0: delayed, wwan0: delayed } });
  site = new Site(net);
  hub = await site.hub();
  await site.device('gw1');
  agent = site.agent('gw1');
  await untilAudit(agent, 'ATTACHED', isAttached);
}, 30_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

afterEach(async () => {
  await stopFlows(flows);
  flows = [];
});

const status = () => site.status<Status>('device', 'gw1');
const hubStatus = () => site.status<HubStatus>('hub', 'hub');

async function startFlows(): Promise<void> {
  flows = await startFlowPair(net, site, { upPort: UP_PORT, downPort: DOWN_PORT, rate: RATE });
  await settled();
}

/** Both flows have gone on for a while from now. */
const settled = () => untilArrived(flows, SETTLED);

/** `cut` takes the binding away; returns when data flows over `to`. */
async function moved(to: LinkName, cut: () => Promise<unknown>): Promise<void> {
  const seen = auditOf(agent).length;
  await cut();
  await untilAudit(
    agent,
    `ATTACHED on ${to}`,
    (line) => isAttached(line) && line.transport?.startsWith(`${to}→`) === true,
    15_000,
    seen,
  );
  await settled();
}

interface Totals {
  readonly sent: number;
  readonly lost: number;
  readonly duplicated: number;
}

async function finish(): Promise<readonly Totals[]> {
  const totals: Totals[] = [];
  for (const flow of flows) totals.push(await flow.finish());
  flows = [];
  return totals;
}

/** What has been sent again by both ends since `before`. */
function sentAgain(before: Resent, after: Resent): number {
  expect(after.tooOld - before.tooOld).toBe(0);
  expect(after.gone - before.gone).toBe(0);
  expect(after.overPace - before.overPace).toBe(0);
  return after.datagrams - before.datagrams;
}

async function bothEnds() {
  return { device: (await status()).packets, hub: await hubStatus() };
}

/** What was under way after all, and was sent again, counts as that. */
async function mustBeNoReplay(): Promise<void> {
  const { device, hub: atHub } = await bothEnds();
  expect([device.refused['duplicate'] ?? 0, atHub.counters['replayed_datagram']]).toEqual([0, 0]);
}

const nothing = (totals: readonly Totals[]) =>
  totals.map(({ sent, lost, duplicated }) => [sent > RATE, lost, duplicated]);
const NOTHING = [
  [true, 0, 0],
  [true, 0, 0],
];

/** Cut under flow: nothing is missing or twice, and both say how much they sent again for it. */
async function losesNothing(cut: () => Promise<unknown>) {
  const before = await bothEnds();
  await startFlows();
  await cut();
  expect(nothing(await finish())).toEqual(NOTHING);
  const after = await bothEnds();
  await mustBeNoReplay();
  return {
    device: sentAgain(before.device.resend, after.device.resend),
    hub: sentAgain(before.hub.resend, after.hub.resend),
  };
}

/** Each begins where the one before left the device; links that were cut stay so. */
test(
  'the agent stands still for 3 s, its machine does not: what fits into the queues comes out, and no link is taken for dead',
  async () => {
    const before = await status();
    const seen = { agent: auditOf(agent).length, hub: auditOf(hub).length };
    flows = await startFlowPair(net, site, {
      upPort: UP_PORT,
      downPort: DOWN_PORT,
      rate: CALM_RATE,
    });
    await untilArrived(flows, CALM_RATE / 2);
    agent.signal('SIGSTOP');
    await Bun.sleep(STILL_MS); // nothing of it runs; its clock, its links and its sockets go on
    agent.signal('SIGCONT');
    const wokenAtMs = monotonicMs();
    await untilArrived(flows, CALM_RATE / 2);
    for (const flow of flows) {
      expect(flow.arrivedAtMs(1, wokenAtMs)! - wokenAtMs).toBeLessThan(BACK_MS);
    }
    expect((await finish()).map(({ lost, duplicated }) => [lost, duplicated])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    const after = await status();
    expect([after.session_id, after.binding]).toEqual([before.session_id, before.binding]);
    const flapsOf = ({ links }: Status) => links.map(({ link, flaps }) => [link, flaps]);
    expect(flapsOf(after)).toEqual(flapsOf(before));
    const told = [...auditOf(agent).slice(seen.agent), ...auditOf(hub).slice(seen.hub)];
    expect(told.filter(({ event }) => event === 'transition')).toEqual([]);
  },
  TEST_MS,
);

test(
  'one direction dies, the other delivers on: what comes twice for it is dropped',
  async () => {
    await losesNothing(() => moved('wlan0', () => net.oneWay('eth0', 'out', true)));
  },
  TEST_MS,
);

test(
  'the cable is pulled: both ends send again, and nothing is missing',
  async () => {
    const again = await losesNothing(() => moved('wwan0', () => net.carrier('wlan0', 'down')));
    expect(again.hub).toBeGreaterThan(0);
  },
  TEST_MS,
);

test(
  'a NAT forgets: what went to the address before comes to the new one',
  async () => {
    const again = await losesNothing(async () => {
      const seen = auditOf(hub).length;
      await net.rebind('wwan0');
      const isRebound = (line: AuditLine) => line.reason_code === 'nat_rebind';
      await untilAudit(hub, 'nat_rebind', isRebound, 15_000, seen);
      await settled();
    });
    expect(again.hub).toBeGreaterThan(0);
  },
  TEST_MS,
);

test(
  'a link falls silent under the flow: a few hundred packets each way, and not one is missing',
  async () => {
    await net.carrier('wlan0', 'up');
    await eventually(
      'wlan0 answers again',
      async () => (await status()).links.some(({ link, usable }) => link === 'wlan0' && usable),
      15_000,
    );
    const again = await losesNothing(() => moved('wlan0', () => net.silence('wwan0', true)));
    expect(again.device).toBeGreaterThan(0);
    expect(again.hub).toBeGreaterThan(0);
  },
  TEST_MS,
);
