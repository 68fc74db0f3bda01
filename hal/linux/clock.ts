/**
 * CLOCK_BOOTTIME: counts while the machine is suspended, unlike CLOCK_MONOTONIC and `performance`.
 *
 * @module
 */
import { assert } from '../../session/assert.ts';
import type { Clock } from '../clock.ts';
import { libc } from './libc.ts';
import { addressOf, nativeBytes } from './memory.ts';

/** linux/time.h */
export const BOOTTIME = 7;
const TIMESPEC_BYTES = 16;

export function newClock(): Clock {
  const timespec = nativeBytes(TIMESPEC_BYTES);
  const words = new Uint32Array(timespec.buffer);
  const address = addressOf(timespec);
  return {
    monotonicMs() {
      assert(libc.clock_gettime(BOOTTIME, address) === 0, 'the kernel has CLOCK_BOOTTIME');
      const seconds = words[0]! + words[1]! * 2 ** 32;
      return seconds * 1_000 + Math.floor(words[2]! / 1_000) / 1_000;
    },
    wallMs: () => Date.now(),
  };
}
