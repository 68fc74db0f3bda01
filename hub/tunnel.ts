/**
 * The hub's tunnel thread: one poll loop over tun, UDP sockets and the main thread's wake.
 *
 * Seats are stepped here, so that a commit takes effect on the very next packet. One timer: the
 * earliest deadline of all peers.
 *
 * @module
 */
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { explain } from '../hal/capabilities.ts';
import type { DatagramSocket } from '../hal/datagram.ts';
import { openDatagramSocket } from '../hal/linux/bind.ts';
import { chooseCiphers } from '../hal/linux/cipherChoice.ts';
import { nodeDh } from '../hal/linux/ciphers.ts';
import { newClock } from '../hal/linux/clock.ts';
import { nativeBytes } from '../hal/linux/memory.ts';
import { LinuxPoller } from '../hal/linux/poller.ts';
import { openTun } from '../hal/linux/tun.ts';
import { attachWake } from '../hal/linux/wake.ts';
import type { HalResult } from '../hal/result.ts';
import { TUN_GONE } from '../hal/tun.ts';
import { InvariantError, unreachable } from '../session/assert.ts';
import { onDatagram, onPacket } from './forward.ts';
import { Handshakes } from './handshakes.ts';
import type { FromHub, HubSetup, ToHub, TunnelStatus } from './messages.ts';
import { Peers } from './peers.ts';
import { Site } from './site.ts';
import { hubTimeMs } from './time.ts';

/** Taken from one descriptor before the others get their turn. Chosen. */
const BATCH_PACKETS = 64;
const PACKET_BYTES = 65_536;
/** What a burst of all devices at once may pile up in the kernel. The kernel grants what it allows. */
const SOCKET_BUFFER_BYTES = 8 * 1024 * 1024;

/** Something outside that an operator can mend: told as its sentence, without a stack. */
class StartFailure extends Error {}

const setup = workerData as HubSetup;
const post = (message: FromHub) => setup.port.postMessage(message);

try {
  run();
} catch (error) {
  const isInvariant = error instanceof InvariantError;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  post({
    kind: 'failed',
    message: error instanceof StartFailure ? error.message : message,
    isInvariant,
  });
}

function run(): void {
  const clock = newClock();
  const chosen = chooseCiphers({ wanted: setup.dataCipher });
  const tun = opened(openTun(setup.tunName));
  const sockets = openSockets();
  const wake = attachWake(setup.wakeFd);
  const nowMs = () => hubTimeMs(setup.time, clock);
  const site = new Site(setup, { chosen, nowMs, tun, sockets, dh: nodeDh, post });
  const peers = new Peers(site);
  const handshakes = new Handshakes(site, peers);
  const poller = new LinuxPoller();
  for (const { fd } of [tun, wake, ...sockets]) poller.watch(fd);
  const packet = nativeBytes(PACKET_BYTES);
  const datagram = nativeBytes(PACKET_BYTES);
  post({ kind: 'ready', tunName: tun.name, udpPort: sockets[0]!.localPort });

  for (;;) {
    site.deadlines.run(nowMs());
    const deadlineMs = site.deadlines.nextMs();
    poller.wait(deadlineMs === null ? -1 : Math.max(0, deadlineMs - nowMs()));
    if (poller.isReady(wake.fd)) {
      wake.drain();
      drainPort((message) => onMessage(message, site, peers, handshakes));
    }
    for (const socket of sockets) {
      if (!poller.isReady(socket.fd)) continue;
      for (let taken = 0; taken < BATCH_PACKETS; taken++) {
        const bytes = socket.receive(datagram);
        if (bytes === 0) break;
        const endpoint = site.endpoints.heard(socket);
        onDatagram(site, handshakes, datagram.subarray(0, bytes), endpoint);
      }
    }
    if (!poller.isReady(tun.fd)) continue;
    for (let taken = 0; taken < BATCH_PACKETS; taken++) {
      const bytes = tun.read(packet);
      if (bytes === TUN_GONE)
        throw new StartFailure(`${tun.name} was deleted under the running hub`);
      if (bytes === 0) break;
      onPacket(site, packet, bytes);
    }
  }
}

function onMessage(message: ToHub, site: Site, peers: Peers, handshakes: Handshakes): void {
  switch (message.kind) {
    case 'swapped':
      return peers.onSwapped(message);
    case 'device':
      return peers.onDevice(message.device, message.record);
    case 'terminate':
      return peers.session(message.device)?.terminate(message.reasonCode);
    case 'rebuild':
      return peers.session(message.device)?.rebuild(message.record);
    case 'peers':
      return post({ kind: 'peers', requestId: message.requestId, peers: peers.status() });
    case 'status': {
      const status = statusOf(site, peers, handshakes);
      return post({ kind: 'status', requestId: message.requestId, status });
    }
    default:
      return unreachable(message);
  }
}

function statusOf(site: Site, peers: Peers, handshakes: Handshakes): TunnelStatus {
  return {
    udp_port: site.endpoints.sockets[0]!.localPort,
    sockets: site.endpoints.sockets.length,
    peers: peers.count(),
    sessions: peers.states(),
    channels: site.channels.size,
    handshakes: handshakes.answeredCount,
    is_under_load: site.door.isUnderLoad(site.nowMs()),
    packets: site.traffic.snapshot(),
    counters: site.counters.snapshot(),
  };
}

function openSockets(): DatagramSocket[] {
  return setup.addresses.map((address) =>
    opened(
      openDatagramSocket({
        link: null,
        address,
        port: setup.udpPort,
        mark: null,
        bufferBytes: SOCKET_BUFFER_BYTES,
      }),
    ),
  );
}

function drainPort(take: (message: ToHub) => void): void {
  for (;;) {
    const received = receiveMessageOnPort(setup.port as never) as { message: ToHub } | undefined;
    if (received === undefined) return;
    take(received.message);
  }
}

function opened<T>(result: HalResult<T>): T {
  if (result.ok) return result.value;
  throw new StartFailure(explain(result));
}
