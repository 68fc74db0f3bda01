/**
 * One end of flows of datagrams: sends at a steady rate until told to stop, and checks what arrives.
 *
 * ```text
 * udpEnd.ts --local HOST:PORT,… --peer HOST:PORT,… --rate-mbit R --seed S
 * {"event":"ready"}                      the sockets are there; a line `start` on standard input begins
 * {"event":"arriving"}                   the first of each flow was received
 * {"event":"summary","sent":…,"refused":…,"received":…,"damaged":…,"duplicated":…,"receivedBytes":…}
 * ```
 *
 * One flow each way for every pair of places; the rate is that of all together. A line `stop` ends the sending; the
 * summary follows when nothing has arrived for {@link QUIET_MS}. What the kernel refuses (`refused`) is not in `sent`.
 *
 * @module
 */
import { createInterface } from 'node:readline';
import { type Endpoint, parseEndpoint, parseFlow, report, runFlow } from '../../flows/command.ts';
import { monotonicMs } from '../../libc.ts';
import { newRandom } from '../../random.ts';
import { Arrivals, complete, DATAGRAM_BYTES_MAX, HEADER_BYTES } from './datagram.ts';
import { logUniform, newPool, placeOf } from './pool.ts';

export interface UdpEndSummary {
  readonly event: 'summary';
  readonly sent: number;
  readonly refused: number;
  readonly received: number;
  readonly damaged: number;
  readonly duplicated: number;
  readonly receivedBytes: number;
}

const TICK_MS = 5;
/** What may be caught up with after the process had to wait. */
const BURST_MS = 20;
const QUIET_MS = 500;

async function main(argv: readonly string[]): Promise<number> {
  const options = parseFlow(argv, { local: '', peer: '', 'rate-mbit': 20, seed: 1 });
  let arriving = 0;
  const onFirst = () => {
    arriving += 1;
    if (arriving === peers.length) report({ event: 'arriving' });
  };
  const peers = options.peer.split(',').map(parseEndpoint);
  const locals = options.local.split(',').map(parseEndpoint);
  const flows = await Promise.all(
    locals.map((local, index) => openFlow(local, peers[index]!, onFirst)),
  );
  const next = newContent(options.seed);
  const orders = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  report({ event: 'ready' });
  await orders.next();

  const bytesPerMs = options['rate-mbit'] * 125;
  let allowance = 0;
  let refilledAtMs = monotonicMs();
  let turn = 0;
  const timer = setInterval(() => {
    const nowMs = monotonicMs();
    allowance += (nowMs - refilledAtMs) * bytesPerMs;
    allowance = Math.min(allowance, BURST_MS * bytesPerMs);
    refilledAtMs = nowMs;
    while (allowance > 0) {
      allowance -= flows[turn % flows.length]!.send(next);
      turn += 1;
    }
  }, TICK_MS);
  await orders.next();
  clearInterval(timer);
  await quiet(() => sumOf(flows, (flow) => flow.arrivals.received));

  report({
    event: 'summary',
    sent: sumOf(flows, (flow) => flow.sent),
    refused: sumOf(flows, (flow) => flow.refused),
    received: sumOf(flows, (flow) => flow.arrivals.received),
    damaged: sumOf(flows, (flow) => flow.arrivals.damaged),
    duplicated: sumOf(flows, (flow) => flow.arrivals.duplicated),
    receivedBytes: sumOf(flows, (flow) => flow.arrivals.receivedBytes),
  });
  return 0;
}

/** A datagram of random size and content in memory that the next call uses again; its number is still missing. */
function newContent(seed: number): () => Uint8Array {
  const pool = newPool(seed);
  const random = newRandom(seed, 'datagrams');
  const memory = new Uint8Array(DATAGRAM_BYTES_MAX);
  return () => {
    const bytes = logUniform(random, HEADER_BYTES, DATAGRAM_BYTES_MAX);
    const at = placeOf(random, bytes);
    memory.set(pool.bytes.subarray(at, at + bytes));
    return memory.subarray(0, bytes);
  };
}

interface Flow {
  sent: number;
  refused: number;
  readonly arrivals: Arrivals;
  /** The bytes it was; each flow has its own numbers. */
  send(next: () => Uint8Array): number;
}

async function openFlow(local: Endpoint, peer: Endpoint, onFirst: () => void): Promise<Flow> {
  const arrivals = new Arrivals();
  const socket = await Bun.udpSocket({
    hostname: local.host,
    port: local.port,
    connect: { hostname: peer.host, port: peer.port },
    socket: {
      data(_socket, datagram) {
        arrivals.note(datagram);
        if (arrivals.received === 1) onFirst();
      },
      // That the peer has closed its port is no fault: what did not arrive is counted there.
      error() {},
    },
  });
  let seq = 0;
  const flow: Flow = {
    sent: 0,
    refused: 0,
    arrivals,
    send(next) {
      const datagram = next();
      complete(datagram, seq);
      seq += 1;
      if (trySend(() => socket.send(datagram))) flow.sent += 1;
      else flow.refused += 1;
      return datagram.length;
    },
  };
  return flow;
}

function trySend(send: () => boolean): boolean {
  try {
    return send();
  } catch {
    return false;
  }
}

async function quiet(received: () => number): Promise<void> {
  for (let before = -1; before !== received(); ) {
    before = received();
    await Bun.sleep(QUIET_MS);
  }
}

const sumOf = (flows: readonly Flow[], figure: (flow: Flow) => number) =>
  flows.reduce((sum, flow) => sum + figure(flow), 0);

if (import.meta.main) await runFlow(main);
