/**
 * Goal: a planned switch is made before the old binding is broken: no gap, nothing lost, nothing twice, also while packets
 * are under way over both transports.
 *
 * Method: real daemons in the lab network and a numbered flow of 1,000 datagrams a second each way. Better links return one
 * after the other: first a slower one, then a faster one, which overtakes what is still under way over the slower.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { UdpFlow } from '../lab/demo/flow.ts';
import { monotonicMs } from '../lab/libc.ts';
import type { LinkName } from '../lab/plan.ts';
import type { LabProcess } from '../lab/process.ts';
import { auditOf, isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';
import { startFlowPair, stopFlows, untilArrived } from './flowPair.ts';

const RATE = 1_000;
const UP_PORT = 7_002;
const DOWN_PORT = 7_003;
/** Each way. */
const DELAY_MS = { eth0: 10, wlan0: 40, wwan0: 10 } as const;
/** As short as the policy allows. */
const FAILBACK_STABLE_MS = 1_000;
/** An unswitched stretch takes at least as long as a link must be stable, and the rest of a second for the switch. */
const UNSWITCHED = 2 * RATE;
const SETTLED = RATE / 2;
/** Chosen: what a machine with other work adds to the longest gap of a stretch; the fastest round trip takes as long. */
const SCHEDULER_MS = 20;

let net: Topology;
let site: Site;
let agent: LabProcess;
let flows: UdpFlow[] = [];

beforeAll(async () => {
  const impair = Object.fromEntries(
    Object.entries(DELAY_MS).map(([link, delayMs]) => [link, { delayMs }]),
  );
  net = await topology({ seed: 17, impair });
  await net.carrier('eth0', 'down');
  await net.carrier('wlan0', 'down');
  const policy = `version = 1\nname = "planned"\n[switching]\nfailback_stable_ms = ${FAILBACK_STABLE_MS}\n`;
  site = new Site(net, { policy });
  await site.hub();
  await site.device('gw1');
  agent = site.agent('gw1');
  await untilAudit(
    agent,
    'ATTACHED on wwan0',
    (line) => isAttached(line) && isOn('wwan0', line.transport),
  );
}, 30_000);

afterAll(async () => {
  await stopFlows(flows);
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

const isOn = (link: LinkName, transport: string | null) =>
  transport?.startsWith(`${link}→`) === true;

async function startFlows(): Promise<void> {
  flows = await startFlowPair(net, site, { upPort: UP_PORT, downPort: DOWN_PORT, rate: RATE });
  await settled(SETTLED);
}

const settled = (count: number) => untilArrived(flows, count);

/** Longest gap of each direction while `during` runs. */
async function gapsMs(during: () => Promise<unknown>): Promise<readonly number[]> {
  const fromAtMs = monotonicMs();
  await during();
  const toAtMs = monotonicMs();
  return flows.map((flow) => flow.figures(fromAtMs, toAtMs).gapMs);
}

interface Move {
  readonly reasons: readonly string[];
  readonly gapsMs: readonly number[];
}

/** The link gets its carrier, and the session goes over to it by itself. */
async function returned(link: LinkName): Promise<Move> {
  const seen = auditOf(agent).length;
  const gaps = await gapsMs(async () => {
    await net.carrier(link, 'up');
    const onLink = (line: ReturnType<typeof auditOf>[number]) =>
      isAttached(line) && isOn(link, line.transport);
    await untilAudit(agent, `ATTACHED on ${link}`, onLink, 15_000, seen);
    await settled(SETTLED);
  });
  const transitions = auditOf(agent)
    .slice(seen)
    .filter(({ event }) => event === 'transition');
  return { reasons: transitions.map(({ reason_code }) => reason_code), gapsMs: gaps };
}

async function reorderedOf({ sink }: UdpFlow): Promise<number> {
  const summary = await sink.untilJson<{ event: string; reordered: number }>(
    (line) => line.event === 'summary',
    5_000,
  );
  return summary.reordered;
}

test('make before break for planned switches: zero gap, zero loss, also while two transports have packets in flight', async () => {
  await startFlows();
  const steadyMs = await gapsMs(() => settled(UNSWITCHED));
  const slower = await returned('wlan0');
  const faster = await returned('eth0');
  const ended = [];
  for (const flow of flows) ended.push({ flow, totals: await flow.finish() });
  flows = [];

  for (const { flow, totals } of ended) {
    expect([flow.name, totals.lost, totals.duplicated]).toEqual([flow.name, 0, 0]);
    expect(totals.sent).toBeGreaterThan(4 * RATE);
    // The faster link has overtaken the slower one: both had packets under way.
    expect(await reorderedOf(flow)).toBeGreaterThan(0);
  }
  // The first packet over the slower link is as much later; those over the faster one only come sooner.
  const unswitchedMs = Math.max(...steadyMs);
  const laterMs = DELAY_MS.wlan0 - DELAY_MS.wwan0;
  expect(Math.max(...slower.gapsMs)).toBeLessThan(unswitchedMs + laterMs + SCHEDULER_MS);
  expect(Math.max(...faster.gapsMs)).toBeLessThan(unswitchedMs + SCHEDULER_MS);
  expect([slower.reasons, faster.reasons]).toEqual([
    ['failback', 'failback'],
    ['failback', 'failback'],
  ]);
}, 60_000);
