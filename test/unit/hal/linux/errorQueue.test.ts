/** Goal: what ICMP sends back is written where it belongs, however often memory was collected meanwhile. */
import { expect, test } from 'bun:test';
import { openDatagramSocket } from '../../../../hal/linux/bind.ts';
import { ErrorQueue, enableErrorQueue } from '../../../../hal/linux/errorQueue.ts';
import { libc } from '../../../../hal/linux/libc.ts';
import { nativeMemory } from '../../../../hal/linux/memory.ts';
import { AF_INET } from '../../../../hal/linux/sockaddr.ts';
import { IP_RECVERR, IPPROTO_IP, readNumber } from '../../../../hal/linux/sockopt.ts';
import { parseAddress } from '../../../../session/wire/address.ts';

const SOCK_DGRAM = 2;
const PATTERN = 0xa5;
/** As long as what is quoted, so that freed memory of that length is given to them. */
const NEIGHBOUR_BYTES = 64;

function openLoopback() {
  const opened = openDatagramSocket({
    ...{ link: null, address: '127.0.0.1', port: 0, mark: null },
    ...{ bufferBytes: 100_000, offload: 'auto' },
  });
  if (!opened.ok) throw new Error(opened.detail);
  return opened.value;
}

/** A socket of IPv4 alone: the kernel knows no option of IPv6 there. */
function openV4(): number {
  const fd = libc.socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) throw new Error('no socket');
  return fd;
}

/** A port of this machine that nobody listens on any more. */
function deadEnd() {
  const gone = openLoopback();
  const target = parseAddress(`127.0.0.1:${gone.localPort}`);
  gone.close();
  if (!target.ok) throw new Error(target.code);
  return target.value;
}

test('errors are counted, and nothing of anybody else is written over', () => {
  const socket = openLoopback();
  expect(enableErrorQueue(socket.fd, false)).toBe(true);
  // Many, for one whose memory is freed may be lucky.
  const queues = Array.from({ length: 200 }, () => new ErrorQueue(socket.fd));
  Bun.gc(true);
  const neighbours = Array.from({ length: 20_000 }, () =>
    new Uint8Array(new ArrayBuffer(NEIGHBOUR_BYTES)).fill(PATTERN),
  );
  const memory = nativeMemory(NEIGHBOUR_BYTES);
  const target = deadEnd();
  for (const queue of queues) {
    socket.send(memory, 0, NEIGHBOUR_BYTES, NEIGHBOUR_BYTES, 0, target);
    queue.drain();
    // The error waits for the next call as well.
    socket.receive(memory, 0);
  }
  expect(queues.reduce((sum, { icmpCount }) => sum + icmpCount, 0)).toBeGreaterThan(100);
  const isWhole = (bytes: Uint8Array) => bytes.every((byte) => byte === PATTERN);
  expect(neighbours.filter((bytes) => !isWhole(bytes)).length).toBe(0);
  socket.close();
});

test('where the kernel refuses the half for IPv6, none is left on: nobody would read it', () => {
  const socket = openV4();
  expect(enableErrorQueue(socket, true)).toBe(false);
  expect(readNumber(socket, IPPROTO_IP, IP_RECVERR)).toBe(0);
  libc.close(socket);
});
