import { expect, test } from 'bun:test';
import { LinuxPoller } from '../../../../hal/linux/poller.ts';
import { attachWake, openWake } from '../../../../hal/linux/wake.ts';
import { opened } from './inside/opened.ts';

/** Worker: attach to the wake behind the given number, signal it when told. */
const WAKER = new URL('./inside/waker.ts', import.meta.url);

test('any number of signals is one wake-up, and a drain ends it', () => {
  const wake = opened(openWake());
  const poller = new LinuxPoller();
  poller.watch(wake.fd);
  expect([poller.wait(0), wake.drain()]).toEqual([0, false]);
  wake.signal();
  attachWake(wake.fd).signal();
  expect([poller.wait(-1), poller.isReady(wake.fd), wake.drain()]).toEqual([1, true, true]);
  expect([poller.wait(0), poller.isReady(wake.fd), wake.drain()]).toEqual([0, false, false]);
  poller.unwatch(wake.fd);
  wake.close();
});

test('a thread asleep in poll is woken by another thread', async () => {
  const wake = opened(openWake());
  const poller = new LinuxPoller();
  poller.watch(wake.fd);
  const worker = new Worker(WAKER);
  await new Promise((ready) => worker.addEventListener('message', ready, { once: true }));
  const startedAtMs = performance.now();
  worker.postMessage(wake.fd);
  expect(poller.wait(5_000)).toBe(1); // this thread sleeps in the kernel: only the other one can end it
  expect(performance.now() - startedAtMs).toBeLessThan(4_000);
  expect(wake.drain()).toBe(true);
  worker.terminate();
  poller.unwatch(wake.fd);
  wake.close();
});
