import { expect, test } from 'bun:test';
import { cpuSeconds } from '../../../hal/cpu.ts';

test('what a process works is counted, in seconds', () => {
  const before = cpuSeconds();
  const beganMs = performance.now();
  let turns = 0;
  while (performance.now() - beganMs < 100) turns += 1;
  const worked = cpuSeconds() - before;
  expect(turns).toBeGreaterThan(0);
  // A machine that does other things at the same time gives less of it; in microseconds or milliseconds it would be far more.
  expect(worked).toBeGreaterThan(0.005);
  expect(worked).toBeLessThan(10);
});
