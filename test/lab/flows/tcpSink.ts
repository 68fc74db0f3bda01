/**
 * Receives what `tcpSource` sends, hashes it, times the stalls, and answers with its figures when the source is done.
 *
 * ```text
 * tcpSink.ts --listen HOST:PORT [--stall-ms 100] [--seconds 0] [--transfers 0]
 * {"event":"listening","port":…}
 * {"event":"connected","atMs":…,"address":…,"port":…,"connections":1}
 * {"event":"stall","atMs":…,"ms":…}             a silence of at least --stall-ms, told when it is over
 * {"event":"summary","bytes":…,"sha256":…,"connections":…,"longestStallMs":…,"longestStallAtMs":…,"error":null}
 * ```
 *
 * A summary is printed for each connection that ends. `atMs` of a stall is when it began (CLOCK_MONOTONIC). `--transfers n`
 * ends the program after n of them; 0 is no bound.
 *
 * @module
 */
import { createServer, type Socket } from 'node:net';
import { monotonicMs } from '../libc.ts';
import { parseEndpoint, parseFlow, report, runFlow, stopOrder } from './command.ts';

export interface TcpSummary {
  readonly event: 'summary';
  readonly bytes: number;
  readonly sha256: string;
  /** Connections accepted so far, this one included. */
  readonly connections: number;
  /** Longest time between two arrivals of data, and when it began. */
  readonly longestStallMs: number;
  readonly longestStallAtMs: number;
  /** Why the connection ended early, or null. */
  readonly error: string | null;
}

export async function main(argv: readonly string[]): Promise<number> {
  const options = parseFlow(argv, { listen: '', 'stall-ms': 100, seconds: 0, transfers: 0 });
  const stop = stopOrder(options.seconds);
  const { host, port } = parseEndpoint(options.listen);
  let connections = 0;
  let transfers = 0;

  await new Promise<void>((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      connections += 1;
      report({
        event: 'connected',
        atMs: monotonicMs(),
        address: socket.remoteAddress,
        port: socket.remotePort,
        connections,
      });
      receive(socket, options['stall-ms'], () => connections).then(() => {
        transfers += 1;
        if (transfers === options.transfers) resolve();
      });
    });
    server.on('error', reject);
    server.listen(port, host, () => {
      const bound = server.address();
      report({ event: 'listening', port: typeof bound === 'object' ? bound?.port : port });
    });
    stop.then(resolve);
  });
  return 0;
}

/** Resolves when the connection is over and its summary is out. */
function receive(socket: Socket, stallMs: number, connections: () => number): Promise<void> {
  const hash = new Bun.CryptoHasher('sha256');
  let bytes = 0;
  let lastAtMs = monotonicMs();
  let longestStallMs = 0;
  let longestStallAtMs = lastAtMs;
  let error: string | null = null;
  let summary: TcpSummary | null = null;

  const note = () => {
    const nowMs = monotonicMs();
    const silentMs = nowMs - lastAtMs;
    if (silentMs > longestStallMs) {
      longestStallMs = silentMs;
      longestStallAtMs = lastAtMs;
    }
    if (silentMs >= stallMs) report({ event: 'stall', atMs: lastAtMs, ms: silentMs });
    lastAtMs = nowMs;
  };
  const conclude = () => {
    if (summary !== null) return summary;
    summary = {
      event: 'summary',
      bytes,
      sha256: hash.digest('hex'),
      connections: connections(),
      longestStallMs,
      longestStallAtMs,
      error,
    };
    report({ ...summary });
    return summary;
  };

  return new Promise((resolve) => {
    socket.on('data', (chunk) => {
      note();
      bytes += chunk.length;
      hash.update(chunk);
    });
    socket.on('end', () => {
      note();
      socket.end(`${JSON.stringify(conclude())}\n`);
    });
    socket.on('error', (reason) => {
      error = reason.message;
    });
    socket.on('close', () => {
      conclude();
      resolve();
    });
  });
}

if (import.meta.main) await runFlow(main);
