/**
 * One end of many connections: sends on all of them and receives on all of them, both at once.
 *
 * ```text
 * tcpEnd.ts --listen HOST:PORT,… --connections N --bytes B --seed S
 * tcpEnd.ts --dial HOST:PORT,…   --connections N --bytes B --seed S
 * {"event":"listening"}                  with --listen
 * {"event":"connected","atMs":…}         all of them
 * {"event":"progress","bytes":…}         about every second, if there was any
 * {"event":"summary","atMs":…,"connections":[…]}
 * ```
 *
 * The connections are spread over the places named, four at a time. `--bytes` is what this end sends on all of them
 * together. Half of them are sharp (`connection.ts`), half have a small maximum segment size, in both directions. One thread in one
 * ppoll(2); the event loop does not run.
 *
 * @module
 */
import { type Endpoint, parseEndpoint, parseFlow, report, runFlow } from '../../flows/command.ts';
import { libc, monotonicMs, NativeMemory } from '../../libc.ts';
import { newRandom } from '../../random.ts';
import { Connection, type ConnectionFigures } from './connection.ts';
import { logUniform, newPool } from './pool.ts';
import { accept, dial, listenAt, noDelay } from './socket.ts';

export interface TcpEndSummary {
  readonly event: 'summary';
  readonly atMs: number;
  readonly connections: readonly ConnectionFigures[];
}

const POLLIN = 1;
const POLLOUT = 4;
const POLLFD_BYTES = 8;
const PROGRESS_MS = 1000;
const MSS_BYTES = { least: 100, most: 1300 } as const;

interface Joined {
  readonly fd: number;
  readonly name: string;
  readonly mssBytes: number;
}

async function main(argv: readonly string[]): Promise<number> {
  const options = parseFlow(argv, { listen: '', dial: '', connections: 8, bytes: 0, seed: 1 });
  const { connections: count, seed } = options;
  const pool = newPool(seed);
  const budget = { leftBytes: options.bytes };
  const isDialling = options.dial !== '';
  const places = (isDialling ? options.dial : options.listen).split(',').map(parseEndpoint);
  const joined = isDialling ? dialAll(places, count, seed) : acceptAll(places, count);
  const connections = joined.map(({ fd, name, mssBytes }, index) => {
    const isSharp = (index >> 1) % 2 === 0;
    if (isSharp) noDelay(fd);
    const random = newRandom(seed, `connection ${index}`);
    return new Connection({ name, fd, mssBytes, isSharp, pool, random, budget });
  });
  report({ event: 'connected', atMs: monotonicMs() });
  exchange(connections);
  const figures = connections.map((connection) => connection.figures());
  report({ event: 'summary', atMs: monotonicMs(), connections: figures });
  return 0;
}

function dialAll(places: readonly Endpoint[], count: number, seed: number): Joined[] {
  const random = newRandom(seed, 'segment sizes');
  return Array.from({ length: count }, (_, index) => {
    // Small segments, sharp writes and places take turns at different paces: every combination is there.
    const isSmall = index % 2 === 1;
    const place = places[(index >> 2) % places.length]!;
    const mssBytes = isSmall ? logUniform(random, MSS_BYTES.least, MSS_BYTES.most) : 0;
    const { fd, port } = dial(place, mssBytes);
    return { fd, mssBytes, name: `${place.host} ${port}` };
  });
}

function acceptAll(places: readonly Endpoint[], count: number): Joined[] {
  const listeners = places.map((place) => ({ fd: listenAt(place), host: place.host }));
  report({ event: 'listening' });
  const polled = new Polled(listeners.length);
  const joined: Joined[] = [];
  while (joined.length < count) {
    listeners.forEach(({ fd }, index) => {
      polled.set(index, fd, POLLIN);
    });
    polled.wait(listeners.length, PROGRESS_MS);
    listeners.forEach((listener, index) => {
      if (!polled.isReady(index)) return;
      const { fd, port } = accept(listener.fd);
      joined.push({ fd, mssBytes: 0, name: `${listener.host} ${port}` });
    });
  }
  return joined;
}

/** Until every connection is over. */
function exchange(connections: readonly Connection[]): void {
  const polled = new Polled(connections.length);
  let open = connections;
  let told = { bytes: 0, atMs: monotonicMs() };
  while (open.length > 0) {
    open.forEach((connection, index) => {
      polled.set(index, connection.fd, POLLIN | (connection.wantsToSend ? POLLOUT : 0));
    });
    polled.wait(open.length, PROGRESS_MS);
    open.forEach((connection, index) => {
      if (polled.isReady(index)) connection.turn();
    });
    if (open.some((connection) => connection.isOver)) {
      open = open.filter((connection) => !connection.isOver);
    }
    const atMs = monotonicMs();
    if (atMs - told.atMs < PROGRESS_MS) continue;
    const bytes = connections.reduce((sum, one) => sum + one.sentBytes + one.receivedBytes, 0);
    if (bytes > told.bytes) report({ event: 'progress', bytes });
    told = { bytes, atMs };
  }
}

/** The memory of a ppoll(2). */
class Polled {
  readonly #entries: NativeMemory;
  readonly #timeout = new NativeMemory(16);

  constructor(count: number) {
    this.#entries = new NativeMemory(count * POLLFD_BYTES);
  }

  set(index: number, fd: number, events: number): void {
    this.#entries.view.setInt32(index * POLLFD_BYTES, fd, true);
    this.#entries.view.setInt16(index * POLLFD_BYTES + 4, events, true);
    this.#entries.view.setInt16(index * POLLFD_BYTES + 6, 0, true);
  }

  wait(count: number, timeoutMs: number): void {
    this.#timeout.view.setBigInt64(0, BigInt(Math.floor(timeoutMs / 1000)), true);
    this.#timeout.view.setBigInt64(8, BigInt((timeoutMs % 1000) * 1e6), true);
    libc.ppoll(this.#entries.at(0), count, this.#timeout.at(0), null);
  }

  isReady(index: number): boolean {
    return this.#entries.view.getInt16(index * POLLFD_BYTES + 6, true) !== 0;
  }
}

if (import.meta.main) await runFlow(main);
