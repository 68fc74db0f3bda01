/**
 * A name server for a namespace: says what it is told to, and tells who was asked for.
 *
 * ```text
 * nameServer.ts --listen HOST:PORT
 * < {"hub.example.org":["203.0.113.7"]}                      all there is from here on; the name * is every other one
 * {"event":"listening","port":…}
 * {"event":"told","names":…}
 * {"event":"asked","name":…,"addresses":[…]}
 * ```
 *
 * @module
 */
import { createInterface } from 'node:readline';
import { parseEndpoint, parseFlow, report, runFlow, stopOrder } from '../flows/command.ts';
import { parseLine } from '../process.ts';
import { answerTo } from './answer.ts';

export type Names = Readonly<Record<string, readonly string[]>>;

export async function main(argv: readonly string[]): Promise<number> {
  const { host, port } = parseEndpoint(parseFlow(argv, { listen: '' }).listen);
  let names: Names = {};
  createInterface({ input: process.stdin }).on('line', (line) => {
    names = parseLine<Names>(line) ?? names;
    report({ event: 'told', names: Object.keys(names) });
  });
  const socket = await Bun.udpSocket({
    hostname: host,
    port,
    socket: {
      data(_socket, payload, fromPort, fromAddress) {
        const answer = answerTo(payload, (name) => names[name] ?? names['*'] ?? null);
        if (answer === null) return;
        socket.send(answer.datagram, fromPort, fromAddress);
        report({ event: 'asked', name: answer.name, addresses: answer.addresses });
      },
    },
  });
  report({ event: 'listening', port: socket.port });
  await stopOrder(0);
  socket.close();
  return 0;
}

if (import.meta.main) await runFlow(main);
