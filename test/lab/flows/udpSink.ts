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
import { monotonicMs } from '../libc.ts';
import { parseEndpoint, parseFlow, report, runFlow, stopOrder } from './command.ts';
import { readDatagram } from './datagram.ts';
import { Tally } from './gaps.ts';

const REPORT_MS = 100;

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

if (import.meta.main) await runFlow(main);
