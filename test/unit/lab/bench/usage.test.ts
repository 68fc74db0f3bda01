import { expect, test } from 'bun:test';
import { cpuSeconds, cpuSecondsOf, MemoryWatch, memoryOf } from '../../../lab/bench/usage.ts';

const stat = (name: string) =>
  `4711 (${name}) S 1 4711 4711 0 -1 4194560 1500 0 3 0 1234 566 7 8 20 0 12 0 99 1000 2000`;

test('CPU time is user plus system time, in ticks of a hundredth', () => {
  expect(cpuSecondsOf(stat('iperf3'))).toBe(18);
});

test('a process may be called anything', () => {
  expect(cpuSecondsOf(stat('a) S 1 (b c'))).toBe(18);
});

test('memory: the high-water mark, and the anonymous part', () => {
  const status = 'Name:\tjvpn\nVmPeak:\t  999 kB\nVmHWM:\t   91234 kB\nVmRSS:\t 80000 kB\n';
  expect(memoryOf(`${status}RssAnon:\t   41000 kB\nRssFile:\t 39000 kB\n`)).toEqual({
    ...{ peakKib: 91_234, anonKib: 41_000 },
  });
});

test('this very process has used both', () => {
  expect(cpuSeconds(process.pid)).toBeGreaterThan(0);
  using watch = new MemoryWatch(process.pid);
  const { peakKib, peakAnonKib } = watch.peak();
  expect(peakAnonKib).toBeGreaterThan(1000);
  expect(peakKib).toBeGreaterThan(peakAnonKib);
});

test('a process that is gone: no memory seen, and no CPU time to be had', async () => {
  const child = Bun.spawn(['true']);
  await child.exited;
  using watch = new MemoryWatch(child.pid);
  expect(watch.peak()).toEqual({ peakKib: 0, peakAnonKib: 0 });
  expect(() => cpuSeconds(child.pid)).toThrow('ENOENT');
});
