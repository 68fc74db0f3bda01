/**
 * A way to a broker of MQTT 5 that makes it one of 3.1.1 for one client: its first connection is met by a stand-in, over the same
 * TLS, which refuses MQTT 5 as a broker does that does not know it; every other one passes as it is, TLS and all.
 *
 * Usage: bun test/lab/olderLine.ts PORT BROKER_PORT CERTIFICATE KEY AUTHORITY
 *
 * `SIGUSR1`: the next connection is a first one again. Prints a line for each connection that was refused or passed on.
 *
 * ```text
 *  CONNECT (3.1.1 §3.1):  0001 0000, remaining length, 0 4 M Q T T, level: 4 is 3.1.1, 5 is 5
 * ```
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { levelOf, REFUSES_5 } from './mqttLevel.ts';

const [port = '', brokerPort = '', certificate = '', key = '', authority = ''] =
  process.argv.slice(2);
let isFirst = true;

const standIn = createTlsServer(
  {
    ...{ cert: readFileSync(certificate), key: readFileSync(key), ca: readFileSync(authority) },
    ...{ requestCert: true, rejectUnauthorized: true },
  },
  (socket) => {
    socket.on('error', () => {});
    socket.once('data', (bytes: Buffer) => {
      if (levelOf(bytes) !== 5) {
        socket.destroy();
        return;
      }
      isFirst = false;
      console.log('refused');
      socket.end(REFUSES_5);
    });
  },
);
await new Promise<void>((done) => standIn.listen(0, '127.0.0.1', done));
const address = standIn.address();
const standInPort = typeof address === 'object' && address !== null ? address.port : 0;

createServer((near) => {
  if (!isFirst) console.log('passed on');
  join(near, connect(isFirst ? standInPort : Number(brokerPort), '127.0.0.1'));
}).listen(Number(port), '127.0.0.1', () => console.log('listening'));

process.on('SIGUSR1', () => {
  isFirst = true;
  console.log('first again');
});

function join(near: Socket, far: Socket): void {
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on('error', () => {});
    one.on('close', () => other.destroy());
    one.pipe(other);
  }
}
