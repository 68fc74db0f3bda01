/**
 * Records when each datagram of a `udpSource` arrives. Gaps and losses follow from that by `gaps.ts`.
 *
 * ```text
 * udpSink.ts --listen HOST:PORT [--seconds 0]
 * {"event":"listening","port":…}
 * {"event":"peer","atMs":…,"address":…,"port":…}          the sender has another address or port than before
 * {"event":"arrivals","rows":[[seq,sentAtMs,atMs],…]}     up to 100 ms of them at a time
 * {"event":"summary","received":…,"total":…,"lost":…,"duplicated":…,"reordered":…}
 * ```
 *
 * @module
 */
import { libc, monotonicMs, NativeMemory } from '../libc.ts';
import { parseEndpoint, parseFlow, report, runFlow, stopOrder } from './command.ts';
import { readDatagram } from './datagram.ts';
import { Tally } from './gaps.ts';

const REPORT_MS = 100;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
/**
 * Seconds of datagrams: what waits for a processor here has arrived. The usual buffer holds 277 of them, and on a busy
 * machine a sink waits longer than that takes.
 */
const RECEIVE_BUFFER_BYTES = 1 << 20;

export async function main(argv: readonly string[]): Promise<number> {
  const options = parseFlow(argv, { listen: '', seconds: 0 });
  const stop = stopOrder(options.seconds);
  const { host, port } = parseEndpoint(options.listen);
  const tally = new Tally();
  let rows: (readonly [number, number, number])[] = [];
  let peer = '';

  const socket = await Bun.udpSocket({
    hostname: host,
    port,
    socket: {
      data(_socket, payload, fromPort, fromAddress) {
        const atMs = monotonicMs();
        const datagram = readDatagram(payload);
        if (datagram === null) return;
        if (peer !== `${fromAddress} ${fromPort}`) {
          peer = `${fromAddress} ${fromPort}`;
          report({ event: 'peer', atMs, address: fromAddress, port: fromPort });
        }
        tally.add(datagram.seq);
        rows.push([datagram.seq, datagram.sentAtMs, atMs]);
      },
    },
  });
  // Bun's types do not know it (Bun 1.4.5).
  enlargeBuffer((socket as unknown as { readonly fd: number }).fd);
  const flush = () => {
    if (rows.length === 0) return;
    report({ event: 'arrivals', rows });
    rows = [];
  };
  const timer = setInterval(flush, REPORT_MS);
  report({ event: 'listening', port: socket.port });

  await stop;
  clearInterval(timer);
  flush();
  report({ event: 'summary', ...tally.figures(null) });
  socket.close();
  return 0;
}

/** Beyond the limit of the machine where we may, else up to it. */
function enlargeBuffer(fd: number): void {
  const bytes = new NativeMemory(4);
  bytes.view.setInt32(0, RECEIVE_BUFFER_BYTES, true);
  const isSet = [SO_RCVBUFFORCE, SO_RCVBUF].some(
    (option) => libc.setsockopt(fd, SOL_SOCKET, option, bytes.at(0), 4) === 0,
  );
  if (!isSet) throw new Error('SO_RCVBUF refused');
}

if (import.meta.main) await runFlow(main);
