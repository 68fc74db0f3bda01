/**
 * Brings the lab up, tries each of its parts in a few seconds and prints one JSON line about what it saw.
 *
 * ```text
 * check.ts [--rootless]
 * {"rootless":true,"uid":0,"pings":{"eth0":50.2,…},"rebind":{"before":"198.51.100.10:20001","after":"198.51.100.11:21001"},…}
 * ```
 *
 * Exit status 0 if everything was as it should be. The end-to-end test of the lab runs it as an unprivileged user; a
 * person runs it to see whether a machine can run the lab at all.
 *
 * @module
 */
import { labNamespaces } from './namespace.ts';
import { HUB, LINKS, SERVER } from './plan.ts';
import { ensureLab, isInsideRootless } from './rootless.ts';
import { type Topology, topology } from './topology.ts';

const DELAY_MS = 10;
const UDP_PORT = 7001;
const TCP_PORT = 7002;

/** Average round trip of the echoes after the first, which waits for address resolution as well. */
export async function pingMs(net: Topology, link: string, address: string): Promise<number> {
  const ping = ['ping', '-n', '-I', link, '-W', '2', address];
  await net.exec('device', [...ping, '-c', '1']);
  const { stdout } = await net.exec('device', [...ping, '-c', '10', '-i', '0.02']);
  // The median: one echo delayed by a busy machine says nothing about the link.
  const times = [...stdout.matchAll(/time=([\d.]+) ms/g)].map((found) => Number(found[1]));
  times.sort((a, b) => a - b);
  return times[times.length >> 1] ?? Number.NaN;
}

interface Peer {
  readonly event: string;
  readonly address: string;
  readonly port: number;
}

/** Move a live UDP flow of wwan0; what the receiver saw as its source before and after, and whether it went on. */
export async function rebindFlow(net: Topology) {
  await net.exec('device', ['ip', 'route', 'add', HUB.v4, 'via', '100.64.3.1', 'dev', 'wwan0']);
  const sink = net.flow('hub', 'udpSink', ['--listen', `${HUB.v4}:${UDP_PORT}`]);
  await sink.untilJson<Peer>((line) => line.event === 'listening', 5000);
  const source = net.flow('device', 'udpSource', [
    '--to',
    `${HUB.v4}:${UDP_PORT}`,
    '--rate',
    '200',
  ]);
  const before = await sink.untilJson<Peer>((line) => line.event === 'peer', 5000);
  await sink.untilJson<Peer>((line) => line.event === 'arrivals', 5000);
  const rebinding = await net.rebind('wwan0');
  const after = await sink.untilJson<Peer>(
    (line) => line.event === 'peer' && line.address === rebinding.toAddress,
    5000,
  );
  const fromLine = sink.lineCount;
  await sink.untilJson<Peer>((line) => line.event === 'arrivals', 5000, fromLine);
  await source.stop();
  await sink.stop();
  await net.exec('device', ['ip', 'route', 'del', HUB.v4]);
  return { before, after, rebinding, sink, source };
}

interface TransferSummary {
  readonly event: string;
  readonly bytes: number;
  readonly intact: boolean;
  readonly durationMs: number;
}

/** A TCP transfer from the device to the hub over the best link. */
export async function transfer(net: Topology, bytes: number, rateMbit: number) {
  const sink = net.flow('hub', 'tcpSink', [
    '--listen',
    `${HUB.v4}:${TCP_PORT}`,
    '--transfers',
    '1',
  ]);
  await sink.untilJson<{ event: string }>((line) => line.event === 'listening', 5000);
  const argv = ['--to', `${HUB.v4}:${TCP_PORT}`, '--rate-mbit', rateMbit, '--bytes', bytes];
  const source = net.flow('device', 'tcpSource', argv.map(String));
  const summary = await source.untilJson<TransferSummary>(
    (line) => line.event === 'summary',
    20_000,
  );
  await sink.exited;
  return { summary, sink, source };
}

async function check(): Promise<boolean> {
  const pings: Record<string, number> = {};
  let rebind = { before: '', after: '' };
  let intact = false;
  let isClosed = false;
  {
    const delay = { delayMs: DELAY_MS };
    await using net = await topology({ impair: { eth0: delay, wlan0: delay, wwan0: delay } });
    for (const link of LINKS) pings[link] = await pingMs(net, link, HUB.v4);
    const { before, after } = await rebindFlow(net);
    rebind = {
      before: `${before.address}:${before.port}`,
      after: `${after.address}:${after.port}`,
    };
    intact = (await transfer(net, 1_000_000, 0)).summary.intact;
    const past = await net.exec('device', ['ping', '-c', '1', '-W', '0.3', SERVER.v4], {
      mayFail: true,
    });
    isClosed = past.code !== 0;
  }
  const left = labNamespaces(process.pid);
  const uid = Number((await Bun.file('/proc/self/uid_map').text()).trim().split(/\s+/)[1]);
  console.log(
    JSON.stringify({ rootless: isInsideRootless(), uid, pings, rebind, intact, isClosed, left }),
  );
  return intact && isClosed && left.length === 0;
}

if (import.meta.main) {
  await ensureLab({ rootless: process.argv.includes('--rootless') });
  process.exit((await check()) ? 0 : 1);
}
