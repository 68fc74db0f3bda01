/**
 * Sends numbered, timestamped datagrams at a steady rate from one port until told to stop.
 *
 * ```text
 * udpSource.ts --to HOST:PORT [--rate 50] [--bytes 200] [--seconds 0] [--count 0]
 * {"event":"started","atMs":…,"port":…}
 * {"event":"summary","sent":…,"refused":…}
 * ```
 *
 * `--rate` is in packets a second, up to 1000 and more. A datagram that the kernel refuses (no route, no buffer) is
 * counted in `refused` AND in `sent`: the application had it to send, so it is lost like any other. Late packets are not
 * skipped: after a pause of the process the schedule is caught up, so `sent` is the rate times the duration.
 *
 * @module
 */
import { monotonicMs } from '../libc.ts';
import { parseEndpoint, parseFlow, report, runFlow, stopOrder } from './command.ts';
import { newDatagram, stamp } from './datagram.ts';

/** The event loop's timers are this coarse; what is left of a wait is slept through off the loop. */
const TIMER_MS = 2;

const sleepCell = new Int32Array(new SharedArrayBuffer(4));

export async function main(argv: readonly string[]): Promise<number> {
  const options = parseFlow(argv, { to: '', rate: 50, bytes: 200, seconds: 0, count: 0 });
  const { host, port } = parseEndpoint(options.to);
  const isV6 = host.includes(':');
  const socket = await Bun.udpSocket({ hostname: isV6 ? '::' : '0.0.0.0', port: 0 });
  const datagram = newDatagram(options.bytes);
  const countMax = options.count === 0 ? Number.POSITIVE_INFINITY : options.count;
  const intervalMs = 1000 / options.rate;

  let isStopped = false;
  stopOrder(options.seconds).then(() => {
    isStopped = true;
  });
  let sent = 0;
  let refused = 0;
  const startAtMs = monotonicMs();
  report({ event: 'started', atMs: startAtMs, port: socket.port });
  while (sent < countMax) {
    await sleepUntil(startAtMs + sent * intervalMs);
    if (isStopped) break;
    stamp(datagram, sent, monotonicMs());
    if (!trySend(() => socket.send(datagram, port, host))) refused += 1;
    sent += 1;
  }
  report({ event: 'summary', sent, refused });
  socket.close();
  return 0;
}

function trySend(send: () => boolean): boolean {
  try {
    return send();
  } catch {
    return false;
  }
}

/** The event loop gets a turn in any case, so that an order to stop is heard at every rate. */
async function sleepUntil(atMs: number): Promise<void> {
  const coarseMs = atMs - monotonicMs() - TIMER_MS;
  if (coarseMs >= 1) await Bun.sleep(coarseMs);
  else await new Promise(setImmediate);
  const restMs = atMs - monotonicMs();
  if (restMs > 0) Atomics.wait(sleepCell, 0, 0, restMs);
}

if (import.meta.main) await runFlow(main);
