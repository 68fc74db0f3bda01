/**
 * The hub's tunnel thread: one poll loop over tun, UDP sockets and the main thread's wake.
 *
 * Seats are stepped here, so that a commit takes effect on the very next packet. One timer: the
 * earliest deadline of all peers.
 *
 * @module
 */
import { receiveMessageOnPort } from 'node:worker_threads';
import { Rush } from '../hal/batch.ts';
import type { DatagramSocket } from '../hal/datagram.ts';
import { openDatagramSocket } from '../hal/linux/bind.ts';
import { newClock } from '../hal/linux/clock.ts';
import { openMeans } from '../hal/linux/means.ts';
import { chooseOwnCiphers } from '../hal/linux/ownCiphers.ts';
import { LinuxPoller } from '../hal/linux/poller.ts';
import { openTun } from '../hal/linux/tun.ts';
import { attachWake } from '../hal/linux/wake.ts';
import { opened, Unavailable } from '../hal/unavailable.ts';
import { setupOf } from '../hal/worker.ts';
import { InvariantError } from '../session/assert.ts';
import type { FromHub, HubSetup, ToHub } from './messages.ts';
import { Site } from './site.ts';
import { hubTimeMs } from './time.ts';
import { Turn } from './turn.ts';

/** What a burst of all devices at once may pile up in the kernel. The kernel grants what it allows. */
const SOCKET_BUFFER_BYTES = 8 * 1024 * 1024;

const setup = await setupOf<HubSetup>();
const post = (message: FromHub) => setup.port.postMessage(message);

try {
  await run();
} catch (error) {
  const isInvariant = error instanceof InvariantError;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  post({
    kind: 'failed',
    message: error instanceof Unavailable ? error.message : message,
    isInvariant,
  });
}

async function run(): Promise<void> {
  const clock = newClock();
  const chosen = await chooseOwnCiphers({ wanted: setup.dataCipher });
  const means = await openMeans();
  const tun = opened(openTun(setup.tunName, setup.offload));
  const sockets = openSockets();
  const wake = attachWake(setup.wakeFd);
  const nowMs = () => hubTimeMs(setup.time, clock);
  const site = new Site(setup, { chosen, means, nowMs, tun, sockets, post });
  // The clone that came with the setup; the site's identity has a copy of its own.
  setup.privateKey.fill(0);
  const poller = new LinuxPoller();
  for (const { fd } of [tun, wake, ...sockets]) poller.watch(fd);
  const turn = new Turn(site, ({ fd }) => poller.isReady(fd));
  const rush = new Rush();
  post({ kind: 'ready', tunName: tun.name, udpPort: sockets[0]!.localPort });

  for (;;) {
    const deadlineMs = turn.onTime(nowMs());
    const beforeMs = nowMs();
    const timeoutMs = deadlineMs === null ? -1 : Math.max(0, deadlineMs - beforeMs);
    poller.wait(timeoutMs, rush.isOn(beforeMs));
    turn.expire(nowMs());
    if (poller.isReady(wake.fd)) {
      wake.drain();
      drainPort((message) => turn.onMessage(message));
    }
    const atMs = nowMs();
    rush.note(turn.take(atMs), atMs);
  }
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
