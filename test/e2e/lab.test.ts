/**
 * The lab itself: what the demo and the other end-to-end tests believe of it.
 *
 * Needs root, or `bun test/lab/rootless.ts bun test test/e2e`.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pingMs, rebindFlow, transfer } from '../lab/check.ts';
import { cutFigures, figuresOf, readArrivals } from '../lab/flows/gaps.ts';
import { monotonicMs } from '../lab/libc.ts';
import { labNamespaces } from '../lab/namespace.ts';
import { asNobody, isRootHere } from '../lab/nobody.ts';
import { HUB, LINK_PLANS, LINKS, type LinkName, macOf, SERVER } from '../lab/plan.ts';
import { eventually, run } from '../lab/process.ts';
import { rootlessArgv, rootlessObstacle } from '../lab/rootless.ts';
import { type Topology, topology } from '../lab/topology.ts';

setDefaultTimeout(20_000);

interface Event {
  readonly event: string;
  readonly sent?: number;
  readonly rows?: readonly (readonly [seq: number, sentAtMs: number, atMs: number])[];
}

/** Of round trips, bare and delayed by turns. Chosen. */
const SERIES = 4;
/** Seconds for an answer that is to come: ping ends with the last one, so patience costs nothing. */
const PATIENCE_S = 3;
/** Seconds for an answer that is not to come. */
const SILENCE_S = 0.3;

/** How many of `count` echoes over `link` came back. */
async function echoes(
  net: Topology,
  link: string,
  count: number,
  waitS = PATIENCE_S,
): Promise<number> {
  const argv = ['ping', '-n', '-q', '-I', link, '-c', String(count), '-i', '0.01', '-W', waitS];
  const { stdout } = await net.exec('device', [...argv.map(String), HUB.v4], { mayFail: true });
  return Number(/(\d+) received/.exec(stdout)?.[1]);
}

/**
 * Both ends of `link` know each other's address for good, or learn it again. Five seconds after its first answer a kernel
 * asks whether the other end is still there: a frame more in the counters of the lane, and in its dice.
 */
async function knowNeighbours(net: Topology, link: LinkName, isForGood: boolean): Promise<void> {
  const { router, v4, v6 } = LINK_PLANS.find(({ name }) => name === link)!;
  const lines = (end: 'device' | 'routerLan', device: string, node: number) =>
    [v4, v6].flatMap((segment) => {
      if (segment === null) return [];
      const entry = `${segment[`${end}Address`]} dev ${device}`;
      return isForGood
        ? [`neigh replace ${entry} lladdr ${macOf(link, node)} nud permanent`]
        : [`neigh del ${entry}`];
    });
  await net.namespaces.device.ip(lines('routerLan', link, 2));
  await net.namespaces[router].ip(lines('device', 'lan', 1));
}

async function operstate(net: Topology, link: string): Promise<string> {
  const { stdout } = await net.exec('device', ['ip', '-j', 'link', 'show', link]);
  const flags = (JSON.parse(stdout) as { flags: string[] }[])[0]?.flags ?? [];
  return flags.includes('LOWER_UP') ? 'carrier' : 'no carrier';
}

describe('a lab', () => {
  let net: Topology;
  beforeAll(async () => {
    net = await topology({ seed: 7 });
  });
  afterAll(async () => {
    await net[Symbol.asyncDispose]();
  });

  test('every link reaches the hub, and two delays of 25 ms make a round trip 50 longer', async () => {
    // The smallest median of several series: a second of a busy machine spoils a series, a late emulator all of them.
    const series = LINKS.map((link) => ({ link, bareMs: Infinity, delayedMs: Infinity }));
    for (let turn = 0; turn < SERIES; turn += 1) {
      for (const smallest of series) {
        const { link } = smallest;
        smallest.bareMs = Math.min(smallest.bareMs, await pingMs(net, link, HUB.v4));
        await net.impair(link, { delayMs: 25 });
        smallest.delayedMs = Math.min(smallest.delayedMs, await pingMs(net, link, HUB.v4));
        await net.impair(link, { delayMs: 0 });
      }
    }
    for (const { link, bareMs, delayedMs } of series) {
      // What a machine needs to wake up two processes is its own affair, and some tenths of a millisecond.
      const addedMs = delayedMs - bareMs;
      expect(Math.abs(addedMs - 50), `${link}: ${bareMs} + ${addedMs} ms`).toBeLessThanOrEqual(0.5);
    }
    expect(await pingMs(net, 'eth0', HUB.v6)).toBeLessThan(5);
    expect(await pingMs(net, 'wlan0', HUB.v6)).toBeLessThan(5);
  });

  test('the server is not reached past the tunnel', async () => {
    const sink = net.flow('server', 'udpSink', ['--listen', `${SERVER.v4}:7100`]);
    await sink.untilJson<Event>((line) => line.event === 'listening', 5000);
    const argv = ['--to', `${SERVER.v4}:7100`, '--rate', '1000', '--count', '50'];
    await net.flow('device', 'udpSource', argv).exited;
    await sink.stop();
    const summary = await sink.untilJson<Event & { received: number }>(
      (line) => line.event === 'summary',
      1000,
    );
    expect(summary.received).toBe(0);
    expect((await net.exec('hub', ['ping', '-c', '1', '-W', '1', SERVER.v4])).code).toBe(0);
  });

  test('loss is about what was asked for', async () => {
    await knowNeighbours(net, 'wlan0', true);
    const before = (await net.counters()).wlan0.out;
    await net.impair('wlan0', { lossPercent: 20 }, 'out');
    const received = await echoes(net, 'wlan0', 200);
    await net.impair('wlan0', { lossPercent: 0 }, 'out');
    const after = (await net.counters()).wlan0.out;
    await knowNeighbours(net, 'wlan0', false);
    // 200 throws at 20 %: the mean is 160, four standard deviations are 23.
    expect(received).toBeGreaterThanOrEqual(137);
    expect(received).toBeLessThanOrEqual(183);
    expect(after.lost - before.lost).toBe(200 - received);
  });

  test('a silent link keeps its carrier and carries nothing', async () => {
    await net.silence('wlan0', true);
    expect(await operstate(net, 'wlan0')).toBe('carrier');
    expect(await echoes(net, 'wlan0', 3, SILENCE_S)).toBe(0);
    await net.silence('wlan0', false);
    expect(await echoes(net, 'wlan0', 3)).toBe(3);
  });

  test('a pulled cable is seen at the device and nowhere else', async () => {
    await net.carrier('eth0', 'down');
    expect(await operstate(net, 'eth0')).toBe('no carrier');
    expect(await operstate(net, 'wlan0')).toBe('carrier');
    expect(await echoes(net, 'eth0', 2, SILENCE_S)).toBe(0);
    await net.carrier('eth0', 'up');
    expect(await operstate(net, 'eth0')).toBe('carrier');
    // The kernel asks for the router's address once a second: what was asked without carrier is asked again then.
    await eventually(
      'echoes return',
      async () => (await echoes(net, 'eth0', 1, SILENCE_S)) === 1,
      5000,
    );
  });

  test('a second cable pull within a second is announced as fast as the first', async () => {
    const losses: number[] = [];
    const monitor = net.spawn('device', ['ip', 'monitor', 'link'], {
      onLine: (line) => {
        if (line.includes('eth0') && line.includes('NO-CARRIER')) losses.push(monotonicMs());
      },
    });
    // The monitor is listening when it shows a change.
    await eventually(
      'the monitor listens',
      async () => {
        await net.carrier('wlan0', 'down');
        await net.carrier('wlan0', 'up');
        return monitor.stdout.length > 0;
      },
      5000,
    );
    for (const turn of [1, 2, 3]) {
      const atMs = await net.carrier('eth0', 'down');
      await eventually(`loss ${turn} is announced`, () => losses.length >= turn, 3000);
      expect(losses[turn - 1]! - atMs).toBeLessThan(100);
      await net.carrier('eth0', 'up');
    }
    await monitor.stop();
    for (const link of ['eth0', 'wlan0']) {
      await eventually(
        `${link} is back`,
        async () => (await echoes(net, link, 1, SILENCE_S)) === 1,
        5000,
      );
    }
  });

  test('one way silent: out keeps requests from the router, in keeps answers from the device', async () => {
    for (const direction of ['out', 'in'] as const) {
      const before = (await net.counters()).wwan0;
      const isCut = async () =>
        (await net.counters()).wwan0[direction].cut - before[direction].cut >= 3;
      await net.oneWay('wwan0', direction, true);
      expect(await echoes(net, 'wwan0', 3, SILENCE_S)).toBe(0);
      // A frame is cut when the emulator takes it up. One that still waits for that would get through after the silence.
      await eventually(`three are cut ${direction}`, isCut, 5000);
      await net.oneWay('wwan0', direction, false);
      const after = (await net.counters()).wwan0;
      const other = direction === 'out' ? 'in' : 'out';
      expect(after[other].cut).toBe(before[other].cut);
      expect(await echoes(net, 'wwan0', 3)).toBe(3);
    }
  });

  test('a rebind moves a live UDP flow to another address and port, and the flow goes on', async () => {
    const { before, after, rebinding, sink } = await rebindFlow(net);
    expect(before.address).toBe(rebinding.fromAddress);
    expect(after.address).not.toBe(before.address);
    expect(after.port).not.toBe(before.port);
    expect(after.port).toBeGreaterThanOrEqual(rebinding.toPorts[0]);
    const arrivals = readArrivals(sink.stdout);
    const lastAtMs = arrivals.at(-1)?.atMs ?? 0;
    const sinceMove = arrivals.filter(({ atMs }) => atMs > rebinding.atMs).length;
    expect(sinceMove).toBeGreaterThan(0);
    // The router takes the new mapping between two packets, or loses a few: it does not stop.
    expect(cutFigures(arrivals, rebinding.atMs - 20, lastAtMs)?.gapMs).toBeLessThan(200);
  });

  test('a UDP flow shows a cut as a gap of its length and the loss that goes with it', async () => {
    await knowNeighbours(net, 'eth0', true);
    const before = (await net.counters()).eth0.out;
    const sink = net.flow('hub', 'udpSink', ['--listen', `[${HUB.v6}]:7200`]);
    await sink.untilJson<Event>((line) => line.event === 'listening', 5000);
    const source = net.flow('device', 'udpSource', ['--to', `[${HUB.v6}]:7200`, '--rate', '1000']);
    await sink.untilJson<Event>((line) => line.event === 'arrivals', 5000);
    const fromAtMs = await net.silence('eth0', true);
    await eventually('the cut has lasted 300 ms', () => monotonicMs() - fromAtMs >= 300, 2000);
    const toAtMs = await net.silence('eth0', false);
    await sink.untilJson<Event>((line) => line.event === 'arrivals', 5000, sink.lineCount);
    await source.stop();
    const summary = await source.untilJson<Event>((line) => line.event === 'summary', 1000);
    // What is still under way when the sink stops would count as lost.
    const isLast = ([seq]: readonly number[]) => seq === (summary.sent ?? 0) - 1;
    await sink.untilJson<Event>((line) => line.rows?.some(isLast) === true, 5000);
    await sink.stop();
    const after = (await net.counters()).eth0.out;
    await knowNeighbours(net, 'eth0', false);

    const arrivals = readArrivals(sink.stdout);
    const cut = cutFigures(arrivals, fromAtMs, toAtMs + 50);
    const lengthMs = toAtMs - fromAtMs;
    expect(Math.abs((cut?.gapMs ?? 0) - lengthMs)).toBeLessThan(20);
    expect(Math.abs((cut?.lost ?? 0) - lengthMs)).toBeLessThan(20);
    const whole = figuresOf(arrivals, summary.sent ?? null);
    expect(whole.lost).toBe(cut?.lost ?? -1);
    expect(whole.lost).toBe(after.cut - before.cut);
    expect(whole.duplicated).toBe(0);
  });

  test('a TCP transfer passes 100 Mbit/s and is intact, over a link that loses, doubles and reorders', async () => {
    const clean = await transfer(net, 20_000_000, 0);
    expect(clean.summary).toMatchObject({ bytes: 20_000_000, intact: true });
    const ended = await clean.sink.untilJson<Event & { longestStallMs: number }>(
      (line) => line.event === 'summary',
      1000,
    );
    expect(ended.longestStallMs).toBeGreaterThan(0);
    expect((20_000_000 * 8) / 1000 / clean.summary.durationMs).toBeGreaterThan(100);

    await net.impair('eth0', { lossPercent: 1, duplicatePercent: 5, reorderPercent: 5 });
    const rough = await transfer(net, 2_000_000, 0);
    expect(rough.summary).toMatchObject({ bytes: 2_000_000, intact: true, connections: 1 });
    const { out } = (await net.counters()).eth0;
    expect(out.duplicated).toBeGreaterThan(0);
    expect(out.reordered).toBeGreaterThan(0);
    await net.impair('eth0', { lossPercent: 0, duplicatePercent: 0, reorderPercent: 0 });
  });

  test('a bottleneck holds a transfer to its rate', async () => {
    await net.impair('eth0', { rateMbit: 20 });
    const { summary } = await transfer(net, 1_000_000, 0);
    await net.impair('eth0', { rateMbit: 0 });
    const rateMbit = 8000 / summary.durationMs;
    expect(rateMbit).toBeGreaterThan(10);
    expect(rateMbit).toBeLessThan(21);
  });

  test('a wrong order to the emulator is refused and changes nothing', async () => {
    expect(net.impair('eth0', { lossPercent: 101 })).rejects.toThrow('lossPercent is 101');
    expect(net.emulator.cut('eth9', 'both', true)).rejects.toThrow('no link eth9');
    expect(await echoes(net, 'eth0', 3)).toBe(3);
  });
});

test('nothing is left of a lab: no namespace, no process', async () => {
  const pids: number[] = [];
  {
    await using net = await topology();
    expect(labNamespaces(process.pid)).toHaveLength(6);
    pids.push(net.emulator.process.pid, net.spawn('hub', ['sleep', '60']).pid);
    for (const pid of pids) expect(await Bun.file(`/proc/${pid}/stat`).exists()).toBe(true);
  }
  expect(labNamespaces(process.pid)).toEqual([]);
  for (const pid of pids) expect(await Bun.file(`/proc/${pid}/stat`).exists()).toBe(false);
});

/**
 * Goal: an ordinary user can run the lab.
 * Method: the lab's check, from a copy that belongs to nobody's reach only, as uid 65534 in a user namespace.
 */
test('the lab runs without root', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'jvpn-lab-'));
  try {
    const possible = await run(asNobody(rootlessArgv(['true'])), { mayFail: true });
    if (possible.code !== 0) {
      // The kernel has the last word; what is not shown must not look as if it were.
      throw new Error(`NOT SHOWN: the lab without root. ${await rootlessObstacle()}`);
    }
    const root = join(import.meta.dir, '../..');
    cpSync(join(root, 'test/lab'), join(folder, 'test/lab'), { recursive: true });
    cpSync(join(root, 'session/assert.ts'), join(folder, 'session/assert.ts'));
    cpSync(process.execPath, join(folder, 'bun'));
    await run(['chmod', '-R', 'a+rX', folder]);
    const argv = [join(folder, 'bun'), join(folder, 'test/lab/check.ts'), '--rootless'];
    const { stdout } = await run(asNobody(argv), {
      env: { HOME: folder, TMPDIR: folder, JVPN_LAB_INSIDE: '' },
    });
    const seen = JSON.parse(stdout) as Record<string, unknown>;
    expect(seen).toMatchObject({ rootless: true, intact: true, isClosed: true, left: [] });
    if (isRootHere) expect(seen['uid']).toBe(65534);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
