/**
 * Runs of datagrams over the loopback of a namespace: by one call and one by one, in both directions,
 * both families, with ECN bits, over a narrow way, and into a buffer that is too small.
 */
import type { DatagramSocket } from '../../../../../hal/datagram.ts';
import { openDatagramSocket } from '../../../../../hal/linux/bind.ts';
import { nativeMemory } from '../../../../../hal/linux/memory.ts';
import { LinuxPoller } from '../../../../../hal/linux/poller.ts';
import { parseAddress, type SocketAddress } from '../../../../../session/wire/address.ts';
import { ip, opened, untilLocal } from './opened.ts';

const SEGMENT_BYTES = 1_400;
const DATAGRAMS = 20;
const LAST_BYTES = 333;
const RUN_BYTES = (DATAGRAMS - 1) * SEGMENT_BYTES + LAST_BYTES;

ip('link set lo up');
ip('addr add fd98::1/128 dev lo nodad');
untilLocal('fd98::1');
const sent = nativeMemory(65_536);
const got = nativeMemory(65_536);
for (let at = 0; at < RUN_BYTES; at++) sent.bytes[at] = (at * 31) >>> 3;

const socketOf = (offload: 'auto' | 'off', bufferBytes = 1 << 20) =>
  opened(
    openDatagramSocket({ link: null, address: null, port: 0, mark: null, bufferBytes, offload }),
  );
const addressOf = (host: string, { localPort }: DatagramSocket): SocketAddress => {
  const parsed = parseAddress(`${host}:${localPort}`);
  if (!parsed.ok) throw new Error(host);
  return parsed.value;
};

/** Everything that waits at `socket`, as the lengths of its calls and of its datagrams. */
function take(socket: DatagramSocket) {
  const poller = new LinuxPoller();
  poller.watch(socket.fd);
  const calls: number[] = [];
  const datagrams: number[] = [];
  let isSame = true;
  let ecn = 0;
  let done = 0;
  while (poller.wait(done < RUN_BYTES ? 500 : 0) > 0) {
    const bytes = socket.receive(got, 0);
    if (bytes === 0) break;
    calls.push(bytes);
    ecn = socket.ecn;
    for (let at = 0; at < bytes; at += socket.segmentBytes) {
      datagrams.push(Math.min(socket.segmentBytes, bytes - at));
    }
    for (let at = 0; at < bytes; at++) {
      if (got.bytes[at] !== sent.bytes[(done + at) % RUN_BYTES]) isSame = false;
    }
    done += bytes;
  }
  return { calls: calls.length, datagrams, isSame, ecn };
}

function roundTrip(from: DatagramSocket, to: DatagramSocket, host: string, ecn = 0) {
  const result = from.send(sent, 0, RUN_BYTES, SEGMENT_BYTES, ecn, addressOf(host, to));
  return { result, ...take(to) };
}

const [fast, slow] = [socketOf('auto'), socketOf('off')];
const [fastTo, slowTo] = [socketOf('auto'), socketOf('off')];
const hosts = { 4: '127.0.0.1', 6: '[fd98::1]' };
const runs = Object.fromEntries(
  Object.entries(hosts).map(([family, host]) => [
    family,
    {
      fastToFast: roundTrip(fast, fastTo, host),
      fastToSlow: roundTrip(fast, slowTo, host),
      slowToFast: roundTrip(slow, fastTo, host),
      slowToSlow: roundTrip(slow, slowTo, host),
    },
  ]),
);
const ecn = Object.fromEntries(
  Object.entries(hosts).map(([family, host]) => [
    family,
    [1, 2, 3, 0].map((bits) => [
      roundTrip(fast, fastTo, host, bits).ecn,
      roundTrip(slow, slowTo, host, bits).ecn,
    ]),
  ]),
);

ip('link set lo mtu 1280');
const narrow = { 4: roundTrip(fast, fastTo, hosts[4]), 6: roundTrip(fast, fastTo, hosts[6]) };
ip('link set lo mtu 65536');

const small = socketOf('auto', 4_096);
for (let count = 0; count < 50; count++) {
  slow.send(sent, 0, SEGMENT_BYTES, SEGMENT_BYTES, 0, addressOf(hosts[4], small));
}
let kept = 0;
while (small.receive(got, 0) > 0) kept += 1;
// The kernel tells with the next datagram that finds room.
slow.send(sent, 0, SEGMENT_BYTES, SEGMENT_BYTES, 0, addressOf(hosts[4], small));
small.receive(got, 0);

console.log(
  JSON.stringify({
    offloads: [fast.offload, slow.offload],
    runs,
    ecn,
    narrow,
    lost: { kept, overflow: small.overflowCount },
  }),
);
process.exit(0);
