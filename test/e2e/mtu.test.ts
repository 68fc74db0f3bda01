/**
 * Goal: nothing inside is larger than the narrowest link that may carry it, both ends know it, and a flow
 * that changes to a narrower link goes on.
 *
 * Method: real daemons in the lab network; `ip link set mtu` on the device's links, and on the routers'
 * ends of them, which is what makes them narrow on the way back.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import type { TcpSummary } from '../lab/flows/tcpSink.ts';
import type { LinkName } from '../lab/plan.ts';
import { eventually, type LabProcess } from '../lab/process.ts';
import { isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';

const PORT = 7_001;
/** A cut is noticed and mended in a fraction of this; a flow that waits for its retransmission timer is not. */
const STALL_MAX_MS = 3_000;
const RATE_MBIT = '8';

interface Status {
  readonly state: string;
  readonly binding: string;
  readonly mtu_bytes: number;
  readonly inner4: string;
  readonly links: readonly { readonly link: string; readonly mtu_bytes: number }[];
}

interface Sent {
  readonly event: string;
  readonly intact: boolean;
  readonly bytes: number;
  readonly connections: number;
  readonly sink: TcpSummary | null;
}

let net: Topology;
let site: Site;
let agent: LabProcess;

const ALL: readonly LinkName[] = ['eth0', 'wlan0', 'wwan0'];

beforeAll(async () => {
  net = await topology({ seed: 8 });
  // With timestamps a segment is 12 bytes shorter than the MSS that was agreed.
  for (const role of ['device', 'server'] as const)
    net.namespaces[role].sysctl({ 'net/ipv4/tcp_timestamps': 0 });
  site = new Site(net);
  await site.hub();
  await site.device('gw1');
  agent = site.agent('gw1');
  await untilAudit(agent, 'ATTACHED', isAttached);
}, 30_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

const status = () => site.status<Status>('device', 'gw1');

async function tunMtu(): Promise<number> {
  const shown = await net.exec('device', ['ip', '-j', 'link', 'show', 'gw1']);
  return JSON.parse(shown.stdout)[0].mtu;
}

async function hubMtu(): Promise<number> {
  const [row] = await site.status<readonly { readonly mtu_bytes: number }[]>(
    'hub',
    'hub',
    'sessions',
  );
  return row?.mtu_bytes ?? 0;
}

/** Both ends of a link, as if the medium were so narrow. */
async function narrow(link: LinkName, mtu: number): Promise<void> {
  await net.exec('device', ['ip', 'link', 'set', link, 'mtu', String(mtu)]);
  await net.exec(`router-${link}`, ['ip', 'link', 'set', 'lan', 'mtu', String(mtu)]);
}

const untilTun = (mtu: number) =>
  eventually(`the tun has ${mtu}`, async () => (await tunMtu()) === mtu, 10_000);

const untilHub = (mtu: number) =>
  eventually(`the hub knows ${mtu}`, async () => (await hubMtu()) === mtu, 10_000);

const untilBinding = (link: LinkName) =>
  eventually(
    `attached over ${link}`,
    async () => {
      const { state, binding } = await status();
      return state === 'ATTACHED' && binding.startsWith(link);
    },
    20_000,
  );

beforeEach(async () => {
  for (const link of ALL) {
    await narrow(link, 1_500);
    await net.carrier(link, 'up');
  }
  await site.jvpn('device', ['rebind', 'eth0', '--socket', site.path('gw1.sock')]);
  await untilBinding('eth0');
  await untilTun(1_440);
}, 30_000);

test('the tun is 60 bytes narrower than the narrowest link, follows it, and the hub knows', async () => {
  expect(await status()).toMatchObject({ mtu_bytes: 1_440, state: 'ATTACHED' });
  await untilHub(1_440);

  // A standby: no switch, no claim, and yet both ends are ready for one.
  await narrow('wlan0', 1_400);
  await untilTun(1_340);
  const narrowed = await status();
  expect(narrowed).toMatchObject({ mtu_bytes: 1_340, binding: expect.stringContaining('eth0→') });
  expect(narrowed.links.map(({ link, mtu_bytes }) => [link, mtu_bytes])).toEqual([
    ['eth0', 1_500],
    ['wlan0', 1_400],
    ['wwan0', 1_500],
  ]);
  await untilHub(1_340);

  await net.carrier('wlan0', 'down');
  await untilTun(1_440);
  await untilHub(1_440);

  await narrow('eth0', 1_450);
  await untilTun(1_390);
  await untilHub(1_390);
}, 60_000);

test('the server sees an MSS of the inner MTU less 40', async () => {
  await narrow('eth0', 1_400);
  await untilTun(1_340);
  await using sink = await newSink('server', `10.79.0.2:${PORT}`);
  await using source = newSource('device', `10.79.0.2:${PORT}`);
  await source.untilJson<Sent>(({ event }) => event === 'connected', 5_000);
  const shown = await net.exec('server', ['ss', '-tinH', 'sport', '=', `:${PORT}`]);
  expect(/\bmss:(\d+)/.exec(shown.stdout)?.[1]).toBe('1300');
  await source.stop();
  await sink.stop();
}, 60_000);

async function newSink(role: 'server' | 'device', listen: string): Promise<LabProcess> {
  const sink = net.flow(role, 'tcpSink', ['--listen', listen, '--transfers', '1']);
  await sink.untilJson<{ event: string }>(({ event }) => event === 'listening', 5_000);
  return sink;
}

function newSource(role: 'server' | 'device', to: string): LabProcess {
  return net.flow(role, 'tcpSource', ['--to', to, '--rate-mbit', RATE_MBIT, '--seed', '3']);
}

/** Start over eth0 alone, let a narrow wlan0 appear under way, then cut eth0. */
async function switchedTransfer(from: 'server' | 'device', to: 'server' | 'device', host: string) {
  await net.carrier('wlan0', 'down');
  await net.carrier('wwan0', 'down');
  await narrow('wlan0', 1_300);
  await untilTun(1_440);
  await using sink = await newSink(to, `${host}:${PORT}`);
  await using source = newSource(from, `${host}:${PORT}`);
  await sink.untilJson<{ event: string }>(({ event }) => event === 'connected', 5_000);
  await flowing(to);
  await net.carrier('wlan0', 'up');
  // IPv6 is inside: narrower than 1280 it cannot be, the rest is outer fragmentation.
  await untilTun(1_280);
  await net.carrier('eth0', 'down');
  await untilBinding('wlan0');
  await flowing(to);
  await source.stop();
  const sent = await source.untilJson<Sent>(({ event }) => event === 'summary', 40_000);
  await sink.stop();
  return sent;
}

/** Two more MiB have arrived. */
async function flowing(role: 'server' | 'device'): Promise<void> {
  const received = async () => {
    const shown = await net.exec(role, ['ss', '-tinH', 'sport', '=', `:${PORT}`]);
    return Number(/\bbytes_received:(\d+)/.exec(shown.stdout)?.[1] ?? 0);
  };
  const before = await received();
  const enough = before + 2 * 1024 * 1024;
  await eventually('two more MiB', async () => (await received()) > enough, 20_000);
}

test('device to server: a transfer goes over to a narrower link without a stall', async () => {
  const sent = await switchedTransfer('device', 'server', '10.79.0.2');
  expect(sent).toMatchObject({ intact: true, connections: 1 });
  expect(sent.sink?.longestStallMs).toBeLessThan(STALL_MAX_MS);
  console.log(`device to server: longest stall ${Math.round(sent.sink?.longestStallMs ?? 0)} ms`);
}, 90_000);

test('the server is told: what it sends to the device shrinks to the inner MTU less 40', async () => {
  const { inner4 } = await status();
  await using sink = await newSink('device', `${inner4.split('/')[0]}:${PORT}`);
  await using source = newSource('server', `${inner4.split('/')[0]}:${PORT}`);
  await sink.untilJson<{ event: string }>(({ event }) => event === 'connected', 5_000);
  const mss = async () => {
    const shown = await net.exec('server', ['ss', '-tinH', 'dport', '=', `:${PORT}`]);
    return /\bmss:(\d+)/.exec(shown.stdout)?.[1];
  };
  expect(await mss()).toBe('1400');
  await narrow('wlan0', 1_400);
  await untilTun(1_340);
  await eventually('segments of 1300', async () => (await mss()) === '1300', 10_000);
  await flowing('device');
  await source.stop();
  expect(await source.untilJson<Sent>(({ event }) => event === 'summary', 40_000)).toMatchObject({
    intact: true,
  });
  await sink.stop();
}, 60_000);

test('server to device: so does one the other way', async () => {
  const { inner4 } = await status();
  const sent = await switchedTransfer('server', 'device', inner4.split('/')[0] ?? '');
  expect(sent).toMatchObject({ intact: true, connections: 1 });
  expect(sent.sink?.longestStallMs).toBeLessThan(STALL_MAX_MS);
  console.log(`server to device: longest stall ${Math.round(sent.sink?.longestStallMs ?? 0)} ms`);
}, 90_000);
