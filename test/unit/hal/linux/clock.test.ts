import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { newClock } from '../../../../hal/linux/clock.ts';

test('monotonic time is what the kernel calls boot time, and never goes back', () => {
  const clock = newClock();
  // /proc/uptime counts CLOCK_BOOTTIME, in hundredths of a second.
  const uptimeMs = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1_000;
  expect(Math.abs(clock.monotonicMs() - uptimeMs)).toBeLessThan(500);
  let before = clock.monotonicMs();
  for (let reading = 0; reading < 10_000; reading++) {
    const after = clock.monotonicMs();
    expect(after).toBeGreaterThanOrEqual(before);
    before = after;
  }
});

test('two clocks do not share a buffer that one could spoil for the other', () => {
  const [a, b] = [newClock(), newClock()];
  expect(Math.abs(a.monotonicMs() - b.monotonicMs())).toBeLessThan(500);
  expect(Math.abs(a.wallMs() - Date.now())).toBeLessThan(500);
});
