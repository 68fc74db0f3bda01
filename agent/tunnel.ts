/**
 * The agent's tunnel thread: one poll loop over tun, sockets, netlink and the main thread's wake.
 *
 * The session core is stepped here, so that a decision to switch is never a thread hop away from the
 * packets. One timer: the core's next deadline.
 *
 * @module
 */
import { receiveMessageOnPort } from 'node:worker_threads';
import { Rush } from '../hal/batch.ts';
import { CompileHaste, compileWithHaste } from '../hal/compileHaste.ts';
import { dropCode } from '../hal/dropCode.ts';
import { IdleHeap } from '../hal/idleHeap.ts';
import { newClock } from '../hal/linux/clock.ts';
import { openLinkMonitor } from '../hal/linux/links.ts';
import { openMeans } from '../hal/linux/means.ts';
import { chooseOwnCiphers } from '../hal/linux/ownCiphers.ts';
import { LinuxPoller } from '../hal/linux/poller.ts';
import { openTun } from '../hal/linux/tun.ts';
import { attachWake } from '../hal/linux/wake.ts';
import { opened, Unavailable } from '../hal/unavailable.ts';
import { setupOf } from '../hal/worker.ts';
import { InvariantError } from '../session/assert.ts';
import { earlier } from '../session/deadline.ts';
import { waitMs } from './deadline.ts';
import { LinkRetry } from './linkRetry.ts';
import type { FromTunnel, ToTunnel, TunnelSetup } from './messages.ts';
import { PlainShell } from './plainShell.ts';
import { SessionShell } from './sessionShell.ts';
import { type Shell, Turn } from './turn.ts';
import { Uplinks } from './uplinks.ts';

const setup = await setupOf<TunnelSetup>();
const post = (message: FromTunnel) => setup.port.postMessage(message);

try {
  await run();
} catch (error) {
  const isInvariant = error instanceof InvariantError;
  post({ kind: 'failed', message: wordsOf(error), isInvariant });
}

/** What the system does not give is for a person; anything else is a defect and needs its stack. */
function wordsOf(error: unknown): string {
  if (error instanceof Unavailable || error instanceof InvariantError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function run(): Promise<never> {
  const clock = newClock();
  const chosen = await chooseOwnCiphers({ wanted: setup.dataCipher });
  const means = await openMeans();
  const monitor = opened(openLinkMonitor());
  const tun = opened(openTun(setup.tunName, setup.offload));
  const wake = attachWake(setup.wakeFd);
  const uplinks = new Uplinks(setup);
  post({ kind: 'ready', tunName: tun.name });
  const parts = { setup, chosen, means, clock, tun, uplinks, post };
  const shell: Shell = setup.mode === 'session' ? new SessionShell(parts) : new PlainShell(parts);
  // The clone that came with the setup; the shell's identity has a copy of its own.
  setup.privateKey.fill(0);
  const poller = new LinuxPoller();
  for (const fd of [tun.fd, wake.fd, monitor.fd]) poller.watch(fd);
  const watched = new Set<number>();
  const turn = new Turn({
    shell,
    uplinks,
    tun,
    newMemory: means.newMemory,
    isReady: ({ fd }) => poller.isReady(fd),
  });
  const rush = new Rush();
  const idleHeap = new IdleHeap(clock.monotonicMs());
  const compileHaste = new CompileHaste();
  // Not before: ciphers were compared as they run in a rush.
  compileWithHaste(compileHaste.haste);

  let watchedRevision = -1;
  const watchSockets = () => {
    if (uplinks.socketsRevision === watchedRevision) return;
    watchedRevision = uplinks.socketsRevision;
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

  // The monitor may know more than it has told.
  let hasNews = false;
  const retry = new LinkRetry();
  for (;;) {
    shell.onTime();
    const unneeded = idleHeap.take(clock.monotonicMs());
    if (unneeded !== 'nothing') await giveMemoryBack(unneeded === 'garbageAndCode');
    retry.note(monitor.isBehind || uplinks.isMissingSocket, clock.monotonicMs());
    const linksMs = earlier(idleHeap.nextDeadlineMs(), retry.nextDeadlineMs());
    const deadlineMs = earlier(shell.nextDeadlineMs(), linksMs);
    const isRushing = rush.isOn(clock.monotonicMs());
    watchSockets(); // the session may have taken late endpoints, and opened one
    poller.wait(hasNews ? 0 : waitMs(deadlineMs, clock), isRushing);
    // What waits in sockets and tun came while nobody ran, or since: keys may have expired meanwhile.
    shell.expire();
    const isRetrying = retry.take(clock.monotonicMs());
    hasNews = (hasNews || isRetrying || poller.isReady(monitor.fd)) && monitor.drain();
    if (hasNews || isRetrying) onLinks();
    if (poller.isReady(wake.fd)) {
      wake.drain();
      drainPort((message) => shell.onMessage(message));
      watchSockets();
    }
    const atMs = clock.monotonicMs();
    const moved = turn.take(atMs);
    rush.note(moved, atMs);
    idleHeap.note(moved, atMs);
    const haste = compileHaste.note(moved, atMs);
    if (haste !== null) compileWithHaste(haste);
  }
}

/** A turn of the event loop is what makes the allocator hand back what this thread has freed. */
async function giveMemoryBack(withCode: boolean): Promise<void> {
  if (withCode) dropCode();
  else Bun.gc(true);
  await Bun.sleep(1);
}

function drainPort(take: (message: ToTunnel) => void): void {
  for (;;) {
    const received = receiveMessageOnPort(setup.port as never) as { message: ToTunnel } | undefined;
    if (received === undefined) return;
    take(received.message);
  }
}
