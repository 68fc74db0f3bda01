/**
 * The hub's tunnel thread: one poll loop over tun, UDP sockets and the main thread's wake.
 *
 * Seats are stepped here, so that a commit takes effect on the very next packet. One timer: the
 * earliest deadline of all peers.
 *
 * @module
 */
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { isBatchOver, Rush } from '../hal/batch.ts';
import { explain } from '../hal/capabilities.ts';
import { type DatagramSocket, RECEIVE_BYTES } from '../hal/datagram.ts';
import { openDatagramSocket } from '../hal/linux/bind.ts';
import { chooseCiphers } from '../hal/linux/cipherChoice.ts';
import { nodeDh } from '../hal/linux/ciphers.ts';
import { newClock } from '../hal/linux/clock.ts';
import { nativeMemory } from '../hal/linux/memory.ts';
import { LinuxPoller } from '../hal/linux/poller.ts';
import { openTun } from '../hal/linux/tun.ts';
import { attachWake } from '../hal/linux/wake.ts';
import { offloadsOf } from '../hal/offloads.ts';
import type { HalResult } from '../hal/result.ts';
import { TUN_GONE, TUN_READ_BYTES } from '../hal/tun.ts';
import { InvariantError, unreachable } from '../session/assert.ts';
import type { Memory } from '../session/memory.ts';
import { onPacket, onRun } from './forward.ts';
import { Handshakes } from './handshakes.ts';
import type { FromHub, HubSetup, ToHub, TunnelStatus } from './messages.ts';
import { Peers } from './peers.ts';
import { Site } from './site.ts';
import { hubTimeMs } from './time.ts';

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
  const tun = opened(openTun(setup.tunName, setup.offload));
  const sockets = openSockets();
  const wake = attachWake(setup.wakeFd);
  const nowMs = () => hubTimeMs(setup.time, clock);
  const site = new Site(setup, { chosen, nowMs, tun, sockets, dh: nodeDh, post });
  const peers = new Peers(site);
  const handshakes = new Handshakes(site, peers);
  const poller = new LinuxPoller();
  for (const { fd } of [tun, wake, ...sockets]) poller.watch(fd);
  const read = nativeMemory(TUN_READ_BYTES);
  const received = nativeMemory(RECEIVE_BYTES);
  const rush = new Rush();
  post({ kind: 'ready', tunName: tun.name, udpPort: sockets[0]!.localPort });

  for (;;) {
    site.deadlines.run(nowMs());
    site.flushSent();
    const deadlineMs = site.deadlines.nextMs();
    const beforeMs = nowMs();
    const timeoutMs = deadlineMs === null ? -1 : Math.max(0, deadlineMs - beforeMs);
    poller.wait(timeoutMs, rush.isOn(beforeMs));
    if (poller.isReady(wake.fd)) {
      wake.drain();
      drainPort((message) => onMessage(message, site, peers, handshakes));
    }
    const atMs = nowMs();
    let moved = 0;
    for (const socket of sockets) {
      if (!poller.isReady(socket.fd)) continue;
      moved += drainSocket(site, handshakes, socket, received, atMs);
    }
    if (poller.isReady(tun.fd)) moved += drainTun(site, read, atMs);
    rush.note(moved, atMs);
    site.flushSent();
  }
}

/** Datagrams to packets, until the socket has no more or the others have waited long enough; their bytes. */
function drainSocket(
  site: Site,
  handshakes: Handshakes,
  socket: DatagramSocket,
  memory: Memory,
  atMs: number,
): number {
  let taken = 0;
  for (let calls = 0; !isBatchOver(calls, taken); calls++) {
    const bytes = socket.receive(memory, 0);
    if (bytes === 0) break;
    const endpoint = site.endpoints.heard(socket);
    const { segmentBytes, ecn } = socket;
    onRun(site, handshakes, memory, bytes, segmentBytes, ecn, endpoint, atMs);
    taken += bytes;
  }
  site.noteSkipped(socket);
  site.flushReceived();
  return taken;
}

/** Packets to datagrams; their bytes. */
function drainTun(site: Site, memory: Memory, atMs: number): number {
  let taken = 0;
  for (let calls = 0; !isBatchOver(calls, taken); calls++) {
    const bytes = site.tun.read(memory, 0);
    if (bytes === TUN_GONE)
      throw new StartFailure(`${site.tun.name} was deleted under the running hub`);
    if (bytes === 0) break;
    onPacket(site, memory, 0, bytes, atMs);
    taken += bytes;
  }
  return taken;
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
    overflow: site.endpoints.sockets.reduce((sum, socket) => sum + socket.overflowCount, 0),
    ciphers: site.chosen.report,
    offloads: offloadsOf(site.tun, site.endpoints.sockets),
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
        offload: setup.offload,
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
