/**
 * The flows of a part, started at both ends and waited for.
 *
 * @module
 */
import { type LabProcess, parseLine, type SpawnOptions } from '../../process.ts';
import type { Cable, End } from '../cable.ts';
import type { PartWanted } from './part.ts';
import type { TcpEndSummary } from './tcpEnd.ts';
import type { UdpEndSummary } from './udpEnd.ts';

/** Every combination of family, segment size and manner of writing (`tcpEnd.ts`). */
const CONNECTIONS = 8;
const TCP_PORT = 7001;
const UDP_PORT = 7002;
/** The hub has the first address of its pools (docs/configuration.md). */
const HUB_INNER = { v4: '10.77.0.1', v6: 'fd77::1' } as const;
/** Each way. */
const UDP_MBIT = 20;
const START_MS = 15_000;
/** Without a byte anywhere a flow is given up. */
const STALL_MS = 30_000;

export type Family = 'v4' | 'v6';

export interface Ends<T> {
  readonly device: T;
  readonly hub: T;
}

/** Each end sends half of `bytes`. */
export async function runTcp(
  cable: Cable,
  inner: readonly Family[],
  { bytes, seed, onBytes }: Pick<PartWanted, 'bytes' | 'seed' | 'onBytes'>,
) {
  const places = inner.map((family) => placeText(HUB_INNER[family], TCP_PORT)).join(',');
  const common = ['--connections', String(CONNECTIONS), '--bytes', String(Math.ceil(bytes / 2))];
  const end = (which: End, argv: readonly string[], options?: SpawnOptions) =>
    program(
      cable,
      which,
      'tcpEnd',
      [...argv, ...common, '--seed', String(seedOf(which, seed))],
      options,
    );
  await using hub = end('hub', ['--listen', places]);
  await untilEvent(hub, 'listening');
  const onLine = (line: string) => {
    const told = parseLine<{ event: string; bytes: number }>(line);
    if (told?.event === 'progress') onBytes(told.bytes);
  };
  await using device = end('device', ['--dial', places], { onLine });
  const { atMs } = await untilEvent<{ event: string; atMs: number }>(device, 'connected');
  const [atDevice, atHub] = await Promise.all([
    untilSummary<TcpEndSummary>(device),
    untilSummary<TcpEndSummary>(hub),
  ]);
  const seconds = (Math.max(atDevice.atMs, atHub.atMs) - atMs) / 1000;
  return { device: atDevice, hub: atHub, seconds };
}

/** Datagrams both ways over both families, until it is told to finish. */
export async function startUdp(
  cable: Cable,
  deviceInner: Readonly<Record<Family, string>>,
  seed: number,
) {
  await using stack = new AsyncDisposableStack();
  const [device, hub] = [deviceInner, HUB_INNER].map(({ v4, v6 }) =>
    [placeText(v4, UDP_PORT), placeText(v6, UDP_PORT)].join(','),
  );
  const end = (which: End, local: string, peer: string) =>
    stack.use(
      program(cable, which, 'udpEnd', [
        ...['--local', local, '--peer', peer, '--rate-mbit', String(UDP_MBIT)],
        ...['--seed', String(seedOf(which, seed))],
      ]),
    );
  const ends = { device: end('device', device!, hub!), hub: end('hub', hub!, device!) };
  const both = [ends.device, ends.hub];
  // None begins before the other can receive: what is refused by a port that is not open yet says nothing.
  await Promise.all(both.map((one) => untilEvent(one, 'ready')));
  for (const one of both) one.write('start');
  const disposal = stack.move();
  return {
    async finish(): Promise<Ends<UdpEndSummary>> {
      for (const one of both) one.write('stop');
      return {
        device: await untilSummary<UdpEndSummary>(ends.device),
        hub: await untilSummary<UdpEndSummary>(ends.hub),
      };
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
}

function program(
  cable: Cable,
  end: End,
  name: 'tcpEnd' | 'udpEnd',
  argv: readonly string[],
  options: SpawnOptions = {},
): LabProcess {
  const path = Bun.fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  return cable.spawn(end, [process.execPath, path, ...argv], {
    name: `${name} in ${end}`,
    ...options,
  });
}

/** The two ends send different things. */
const seedOf = (end: End, seed: number) => 2 * seed + (end === 'device' ? 0 : 1);

const untilEvent = <T extends { readonly event: string }>(end: LabProcess, name: string) =>
  end.untilJson<T>((line) => line.event === name, START_MS);

/** However long it takes, while anything moves. */
async function untilSummary<T extends { readonly event: string }>(end: LabProcess): Promise<T> {
  for (;;) {
    const mark = end.lineCount;
    const found = end.stdout.findLast((line) => line.startsWith('{"event":"summary"'));
    if (found !== undefined) return JSON.parse(found) as T;
    await end.until(() => end.lineCount > mark, STALL_MS);
  }
}

const placeText = (host: string, port: number) =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
