import { expect, spyOn, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { Alarm } from '../../../../hal/linux/alarm.ts';
import { libc } from '../../../../hal/linux/libc.ts';
import { LinuxPoller } from '../../../../hal/linux/poller.ts';
import { openWake } from '../../../../hal/linux/wake.ts';
import { opened } from './inside/opened.ts';

test('a wait without news ends at its deadline, never before', () => {
  const poller = new LinuxPoller();
  for (const timeoutMs of [0, 0.2, 7, 20.5]) {
    const startedAtMs = performance.now();
    expect(poller.wait(timeoutMs)).toBe(0);
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(timeoutMs - 0.01);
  }
});

test('so does a long one, which an alarm ends, and the alarm is no news', () => {
  const wake = opened(openWake());
  const poller = new LinuxPoller();
  poller.watch(wake.fd);
  for (const timeoutMs of [1_000, 1_200.5]) {
    const startedAtMs = performance.now();
    expect(poller.wait(timeoutMs)).toBe(0);
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(timeoutMs - 0.01);
  }
  // Rung, it ends no other wait: neither a short one nor one in a rush.
  for (const isRushing of [false, true]) {
    const startedAtMs = performance.now();
    expect(poller.wait(30, isRushing)).toBe(0);
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(29.9);
  }
  wake.signal();
  expect([poller.wait(2_000), poller.isReady(wake.fd)]).toEqual([1, true]);
  wake.close();
});

test('the alarm counts suspended time, and is set for what is left of the wait', () => {
  const alarm = Alarm.open()!;
  const told = () => readFileSync(`/proc/self/fdinfo/${alarm.fd}`, 'utf8');
  alarm.set(90_061_500.25);
  expect(told()).toMatch(/clockid: 7\n/); // CLOCK_BOOTTIME, linux/time.h
  const [, seconds] = /it_value: \((\d+), /.exec(told())!;
  expect([90_060, 90_061]).toContain(Number(seconds));
  alarm.stop();
  expect(told()).toContain('it_value: (0, 0)');
  alarm.close();
});

test('without alarms a wait is short enough for whoever was suspended in it', () => {
  const waits: number[] = [];
  const noted = (_set: unknown, _count: unknown, timeoutMs: number) => {
    waits.push(timeoutMs);
    return 0;
  };
  const poll = spyOn(libc, 'poll').mockImplementation(noted as never);
  const poller = new LinuxPoller(null);
  for (const timeoutMs of [20, 59_999.5, 86_400_000, -1]) poller.wait(timeoutMs);
  poll.mockRestore();
  expect(waits).toEqual([20, 60_000, 60_000, -1]);
});

test('each descriptor is reported by itself, also after others were taken out', () => {
  const wakes = Array.from({ length: 4 }, () => opened(openWake()));
  const poller = new LinuxPoller();
  for (const { fd } of wakes) poller.watch(fd);
  wakes[1]!.signal();
  wakes[3]!.signal();
  const ready = () => wakes.map(({ fd }) => poller.isReady(fd));
  expect([poller.wait(1_000), ready()]).toEqual([2, [false, true, false, true]]);
  poller.unwatch(wakes[1]!.fd);
  expect(ready()).toEqual([false, false, false, true]);
  expect([poller.wait(1_000), ready()]).toEqual([1, [false, false, false, true]]);
  wakes[3]!.drain();
  wakes[0]!.signal();
  expect([poller.wait(1_000), ready()]).toEqual([1, [true, false, false, false]]);
  for (const wake of wakes) wake.close();
});

test('mistakes with descriptors are assertions, not spins', () => {
  const wake = opened(openWake());
  const poller = new LinuxPoller();
  poller.watch(wake.fd);
  expect(() => poller.watch(wake.fd)).toThrow('watched once');
  expect(() => poller.watch(-1)).toThrow('open descriptor');
  expect(() => poller.unwatch(12_345)).toThrow('was watched');
  wake.close();
  expect(() => poller.wait(0)).toThrow('open while watched');
});

test('in a rush what is ready is found, and what is not is waited for all the same', () => {
  const wake = opened(openWake());
  const poller = new LinuxPoller();
  poller.watch(wake.fd);
  wake.signal();
  expect([poller.wait(1_000, true), poller.isReady(wake.fd)]).toEqual([1, true]);
  wake.drain();
  const startedAtMs = performance.now();
  expect([poller.wait(20, true), poller.isReady(wake.fd)]).toEqual([0, false]);
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(20);
  wake.close();
});

test('a poller has a limit', () => {
  const poller = new LinuxPoller();
  for (let fd = 0; fd < 256; fd++) poller.watch(10_000 + fd);
  expect(() => poller.watch(20_000)).toThrow('room');
});
