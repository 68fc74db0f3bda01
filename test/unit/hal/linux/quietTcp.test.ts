/** Goal: a quiet connection carries what is written both ways, fails as `node:net` does, and leaves no descriptor behind. */
import { expect, test } from 'bun:test';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { libc } from '../../../../hal/linux/libc.ts';
import { addressOf, nativeBytes } from '../../../../hal/linux/memory.ts';
import { openQuietTcp } from '../../../../hal/linux/quietTcp.ts';
import { AF_INET, SOCKADDR_IN6_BYTES, writeSockaddr } from '../../../../hal/linux/sockaddr.ts';
import { newAddress } from '../../../../session/wire/address.ts';
import { parseIp } from '../../../../session/wire/ip.ts';
import { libc as labLibc } from '../../../lab/libc.ts';
import { freePort } from '../../../lab/mosquitto.ts';
import { eventually } from '../../../lab/process.ts';

const WAIT_MS = 10_000;

const loopback = (port: number) => {
  const ip = parseIp('127.0.0.1');
  if (!ip.ok) throw new Error('no address');
  return newAddress(ip.value, port);
};

async function listening(onConnection: (socket: Socket) => void): Promise<[Server, number]> {
  const server = createServer(onConnection);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return [server, (server.address() as AddressInfo).port];
}

/** Sockets that this process has open. */
function sockets(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}

test('bytes come back as they were sent, far more than a send buffer holds', async () => {
  const [server, port] = await listening((socket) => socket.pipe(socket));
  const tcp = openQuietTcp({ host: '127.0.0.1', port });
  const sent = Buffer.alloc(8 << 20, 1).map((_, at) => at % 251);
  tcp.write(sent.subarray(0, 1));
  tcp.end(sent.subarray(1));
  const got: Buffer[] = [];
  for await (const chunk of tcp) got.push(chunk);
  expect(Buffer.concat(got).equals(sent)).toBe(true);
  server.close();
});

test('what is written before there is a connection is written', async () => {
  const got = Promise.withResolvers<string>();
  const [server, port] = await listening((socket) =>
    socket.on('data', (chunk) => got.resolve(String(chunk))),
  );
  const tcp = openQuietTcp({ host: 'localhost', port });
  tcp.write('hello');
  expect(await got.promise).toBe('hello');
  tcp.destroy();
  await once(tcp, 'close');
  server.close();
});

test('nobody listens: ECONNREFUSED with the address, and closed', async () => {
  const port = await freePort();
  const tcp = openQuietTcp({ host: '127.0.0.1', port });
  const closed = new Promise((resolve) => tcp.once('close', resolve));
  const [error] = await once(tcp, 'error');
  expect(error.code).toBe('ECONNREFUSED');
  expect(error.message).toBe(`connect ECONNREFUSED 127.0.0.1:${port}`);
  await closed;
});

test('a peer that goes ends it, and every way out gives the descriptor back', async () => {
  const [server, port] = await listening((socket) => socket.end('bye'));
  const before = sockets();
  for (let round = 0; round < 20; round++) {
    const tcp = openQuietTcp({ host: '127.0.0.1', port });
    if (round % 2 === 0) tcp.resume();
    else tcp.destroy();
    await once(tcp, 'close');
  }
  await eventually('descriptors given back', () => sockets() <= before, WAIT_MS);
  server.close();
});

test('an address that is silent does not keep the one behind it from its turn', async () => {
  const held = libc.socket(AF_INET, 1, 0);
  const sockaddr = nativeBytes(SOCKADDR_IN6_BYTES);
  const silent = loopback(await freePort());
  expect(libc.bind(held, addressOf(sockaddr), writeSockaddr(sockaddr, silent, AF_INET))).toBe(0);
  // Nobody accepts: what does not fit the queue is never answered.
  expect(labLibc.listen(held, 0)).toBe(0);
  const first = connect(silent.port, '127.0.0.1');
  await once(first, 'connect');
  const [server, port] = await listening((socket) => socket.end('bye'));
  const addresses = [silent, loopback(port)];
  const tcp = openQuietTcp({ host: 'broker.example.org', port }, async () => addresses);
  expect(String((await once(tcp, 'data'))[0])).toBe('bye');
  tcp.destroy();
  first.destroy();
  libc.close(held);
  server.close();
}, 15_000);

test('bound to an interface it leaves over no other, though the routes know the way', async () => {
  const [server, port] = await listening((socket) => socket.end('bye'));
  const over = (boundTo: string) => openQuietTcp({ host: '127.0.0.1', port, boundTo });
  const near = over('lo');
  expect(String((await once(near, 'data'))[0])).toBe('bye');
  near.destroy();
  const missing = over('jvpn-none0');
  const [error] = await once(missing, 'error');
  expect(error.message).toBe(`connect ENODEV 127.0.0.1:${port} over jvpn-none0`);
  server.close();
});
