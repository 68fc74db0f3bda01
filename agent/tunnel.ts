/**
 * The agent's tunnel thread: one poll loop over tun, sockets, netlink and the main thread's wake.
 *
 * The session core is stepped here, so that a decision to switch is never a thread hop away from the
 * packets. One timer: the core's next deadline.
 *
 * @module
 */
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { isBatchOver, Rush } from '../hal/batch.ts';
import { explain } from '../hal/capabilities.ts';
import { RECEIVE_BYTES } from '../hal/datagram.ts';
import { chooseCiphers } from '../hal/linux/cipherChoice.ts';
import { newClock } from '../hal/linux/clock.ts';
import { openLinkMonitor } from '../hal/linux/links.ts';
import { nativeMemory } from '../hal/linux/memory.ts';
import { LinuxPoller } from '../hal/linux/poller.ts';
import { openTun } from '../hal/linux/tun.ts';
import { attachWake } from '../hal/linux/wake.ts';
import type { HalResult } from '../hal/result.ts';
import { TUN_GONE, TUN_READ_BYTES, type Tun } from '../hal/tun.ts';
import { InvariantError } from '../session/assert.ts';
import type { Memory } from '../session/memory.ts';
import type { FromTunnel, ToTunnel, TunnelSetup } from './messages.ts';
import { PlainShell } from './plainShell.ts';
import { SessionShell } from './sessionShell.ts';
import { type Uplink, Uplinks } from './uplinks.ts';

/** The system does not give what the thread cannot do without. */
class Refused extends Error {}

type Shell = SessionShell | PlainShell;

const setup = workerData as TunnelSetup;
const post = (message: FromTunnel) => setup.port.postMessage(message);

try {
  run();
} catch (error) {
  const isInvariant = error instanceof InvariantError;
  post({ kind: 'failed', message: wordsOf(error), isInvariant });
}

/** What the system refused is for a person; anything else is a defect and needs its stack. */
function wordsOf(error: unknown): string {
  if (error instanceof Refused || error instanceof InvariantError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function run(): void {
  const clock = newClock();
  const chosen = chooseCiphers({ wanted: setup.dataCipher });
  const monitor = opened(openLinkMonitor());
  const tun = opened(openTun(setup.tunName, setup.offload));
  const wake = attachWake(setup.wakeFd);
  const uplinks = new Uplinks(setup);
  post({ kind: 'ready', tunName: tun.name });
  const parts = { setup, chosen, clock, tun, uplinks, post };
  const shell = setup.mode === 'session' ? new SessionShell(parts) : new PlainShell(parts);
  const poller = new LinuxPoller();
  for (const fd of [tun.fd, wake.fd, monitor.fd]) poller.watch(fd);
  const watched = new Set<number>();
  const read = nativeMemory(TUN_READ_BYTES);
  const received = nativeMemory(RECEIVE_BYTES);
  const rush = new Rush();

  const watchSockets = () => {
    const wanted = new Set(
      uplinks.all.flatMap(({ socket }) => (socket === null ? [] : [socket.fd])),
    );
    for (const fd of watched) if (!wanted.has(fd)) poller.unwatch(fd);
    for (const fd of wanted) if (!watched.has(fd)) poller.watch(fd);
    watched.clear();
    for (const fd of wanted) watched.add(fd);
  };
  const onLinks = () => {
    shell.onLinks(monitor.snapshot());
    watchSockets();
  };
  onLinks();

  for (;;) {
    shell.onTime();
    const deadlineMs = shell.nextDeadlineMs();
    const nowMs = clock.monotonicMs();
    const isRushing = rush.isOn(nowMs);
    poller.wait(deadlineMs === null ? -1 : Math.max(0, deadlineMs - nowMs), isRushing);
    if (poller.isReady(monitor.fd) && monitor.drain()) onLinks();
    if (poller.isReady(wake.fd)) {
      wake.drain();
      drainPort((message) => shell.onMessage(message));
    }
    const atMs = clock.monotonicMs();
    let moved = 0;
    for (const uplink of uplinks.all) {
      if (uplink.socket === null || !poller.isReady(uplink.socket.fd)) continue;
      moved += drainSocket(shell, uplink, received, atMs);
    }
    if (poller.isReady(tun.fd)) moved += drainTun(shell, tun, read, atMs);
    rush.note(moved, atMs);
  }
}

/** Datagrams to packets, until the socket has no more or the others have waited long enough; their bytes. */
function drainSocket(shell: Shell, uplink: Uplink, memory: Memory, atMs: number): number {
  const { socket } = uplink;
  let calls = 0;
  let taken = 0;
  // A frame may take the socket away: its link has gone.
  while (socket !== null && uplink.socket === socket && !isBatchOver(calls, taken)) {
    const bytes = socket.receive(memory, 0);
    if (bytes === 0) break;
    const { segmentBytes, ecn } = socket;
    for (let at = 0; at < bytes; at += segmentBytes) {
      shell.onDatagram(uplink, memory, at, Math.min(segmentBytes, bytes - at), ecn, atMs);
    }
    calls += 1;
    taken += bytes;
  }
  if (socket !== null && socket.skippedCount !== uplink.skippedCount) {
    if (uplink.socket === socket) {
      shell.onSkipped(socket.skippedCount - uplink.skippedCount);
      uplink.skippedCount = socket.skippedCount;
    }
  }
  shell.flushReceived();
  return taken;
}

/** Packets to datagrams; their bytes. */
function drainTun(shell: Shell, tun: Tun, memory: Memory, atMs: number): number {
  let taken = 0;
  for (let calls = 0; !isBatchOver(calls, taken); calls++) {
    const bytes = tun.read(memory, 0);
    if (bytes === TUN_GONE)
      throw new Refused(`the interface ${tun.name} was deleted under the running agent`);
    if (bytes === 0) break;
    shell.onPacket(memory, 0, bytes, atMs);
    taken += bytes;
  }
  shell.flushSent();
  return taken;
}

function drainPort(take: (message: ToTunnel) => void): void {
  for (;;) {
    const received = receiveMessageOnPort(setup.port as never) as { message: ToTunnel } | undefined;
    if (received === undefined) return;
    take(received.message);
  }
}

function opened<T>(result: HalResult<T>): T {
  if (result.ok) return result.value;
  throw new Refused(explain(result));
}
